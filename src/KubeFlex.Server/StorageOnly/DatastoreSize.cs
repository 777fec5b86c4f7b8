using KubeFlex.Storage;

namespace KubeFlex.Server.StorageOnly;

/// <summary>How large the datastore is, as of a few seconds ago: whoever asks for a status does not wait for the database.</summary>
internal sealed class DatastoreSize
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly Datastore datastore;
    private readonly TimeProvider time;
    private long bytes;
    private long asked;
    private Task measuring;

    public DatastoreSize(Datastore datastore, TimeProvider time)
    {
        (this.datastore, this.time, asked) = (datastore, time, time.GetTimestamp());
        measuring = MeasureAsync();
    }

    public long Read()
    {
        if (measuring.IsCompleted && time.GetElapsedTime(Volatile.Read(ref asked)) > Fresh)
        {
            Volatile.Write(ref asked, time.GetTimestamp());
            measuring = MeasureAsync();
        }
        return Volatile.Read(ref bytes);
    }

    private async Task MeasureAsync()
    {
        try
        {
            Volatile.Write(ref bytes, await datastore.MeasureAsync(CancellationToken.None));
        }
        catch (StorageException)
        {
            // The last answer stands; writers hear of a database that is away.
        }
    }
}
