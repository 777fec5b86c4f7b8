using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.Backup;

/// <summary>A store of a backup, written but not yet to be seen.</summary>
/// <param name="Store">What the backup says of it.</param>
/// <param name="Datastore">Where it was written.</param>
/// <param name="Import">It.</param>
internal sealed record StagedStore(ArchivedStore Store, Datastore Datastore, StoreImport Import);

/// <summary>
/// A backup that has been read to its end: its checksum is right, and its stores stand in their datastores under names that nobody sees.
/// Disposing removes what was not published.
/// </summary>
internal sealed class ArchiveStage : IAsyncDisposable
{
    /// <summary>
    /// How far a restored store begins beyond its backup, so that no client has ever seen a later revision: what etcd's documentation recommends.
    /// </summary>
    public const long Beyond = 1_000_000_000;

    public List<ArchivedFile> Files { get; } = [];

    public List<ArchivedObject> Objects { get; } = [];

    public List<StagedStore> Stores { get; } = [];

    /// <summary>Reads all of a backup. <paramref name="target"/> says where a store goes, null to leave it out; <paramref name="keep"/> which objects are wanted.</summary>
    public static async Task<ArchiveStage> ReadAsync(ArchiveReader reader, Func<ArchivedStore, ValueTask<Datastore?>> target, Func<ArchivedObject, bool> keep, CancellationToken cancellation)
    {
        var stage = new ArchiveStage();
        try
        {
            StoreImport? import = null;
            while (await reader.ReadAsync(cancellation) is { } record)
            {
                switch (record)
                {
                    case ArchivedFile file:
                        stage.Files.Add(file);
                        break;
                    case ArchivedObject item when keep(item):
                        stage.Objects.Add(item);
                        break;
                    case ArchivedStore store:
                        import = null;
                        if (await target(store) is not { } datastore) break;
                        import = await StoreImport.BeginAsync(datastore, history: false, cancellation);
                        stage.Stores.Add(new(store, datastore, import));
                        break;
                    case ArchivedVersion version when import is not null:
                        await import.AddAsync(version, cancellation);
                        break;
                    case ArchivedLease lease when import is not null:
                        await import.AddAsync(lease, cancellation);
                        break;
                    case ArchivedStoreEnd when import is not null:
                        await import.FlushAsync(cancellation);
                        break;
                    default:
                        break;
                }
            }
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Gives the stores their names: those of one datastore all at once.</summary>
    public async Task<IReadOnlyDictionary<string, long>> PublishAsync(Func<ArchivedStore, string> name, CancellationToken cancellation)
    {
        var revisions = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var group in Stores.GroupBy(staged => staged.Datastore))
        {
            var published = group.Select(staged => new PublishedStore(staged.Import, name(staged.Store), staged.Store.Revision, staged.Store.Compacted, Beyond)).ToList();
            var at = await group.Key.PublishAsync(published, cancellation);
            for (var i = 0; i < at.Count; i++) revisions[published[i].Name] = at[i];
        }
        return revisions;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var staged in Stores) await staged.Import.DisposeAsync();
    }
}
