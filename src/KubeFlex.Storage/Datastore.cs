using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>A database that holds many stores. One committer writes for all of them (group commit). Safe for concurrent use.</summary>
public sealed partial class Datastore : IAsyncDisposable
{
    private const int LongestName = 512;

    private readonly Lock gate = new();
    // The task completes with the store, or with null when the name was being deleted.
    private readonly Dictionary<string, Task<Store?>> stores = new(StringComparer.Ordinal);
    private readonly string owner = Guid.NewGuid().ToString("N");
    private readonly Housekeeper housekeeper;
    private Task? closing;

    internal Datastore(IDialect dialect, DatastoreOptions options)
    {
        options.Validate();
        (Dialect, Options) = (dialect, options);
        Committer = new(dialect, options);
        housekeeper = new(options, Open);
        LeaseTimer = new(options.Time, Open);
    }

    internal IDialect Dialect { get; }

    internal DatastoreOptions Options { get; }

    internal Committer Committer { get; }

    internal LeaseTimer LeaseTimer { get; }

    /// <summary>Opens or creates a SQLite datastore; <paramref name="path"/> is the file. Another process that has it open is a <see cref="StorageException"/>.</summary>
    public static Task<Datastore> OpenSqliteAsync(string path, DatastoreOptions options, CancellationToken cancellation) =>
        Task.Run(() => Open(SqliteDialect.Open(path), options), cancellation);

    internal static Datastore Open(IDialect dialect, DatastoreOptions options)
    {
        try
        {
            var datastore = new Datastore(dialect, options);
            foreach (var dropped in dialect.Dropped()) _ = datastore.PurgeAsync(dropped);
            datastore.SweepImports(alone: dialect is SqliteDialect);
            return datastore;
        }
        catch
        {
            dialect.Dispose();
            throw;
        }
    }

    /// <summary>Names of all stores that exist.</summary>
    public Task<IReadOnlyList<string>> ListStoresAsync(CancellationToken cancellation)
    {
        ThrowIfClosed();
        return Task.Run<IReadOnlyList<string>>(() => [.. Dialect.Stores().Where(name => !StoreImport.IsImport(name))], cancellation);
    }

    /// <summary>Opens a store, creating it if absent. The same instance for the same name until it is deleted.</summary>
    public async Task<Store> OpenStoreAsync(string name, CancellationToken cancellation)
    {
        CheckName(name);
        while (true)
        {
            Task<Store?> task;
            lock (gate)
            {
                ThrowIfClosed();
                if (!stores.TryGetValue(name, out task!)) task = stores[name] = ClaimAsync(name);
            }
            if (await task.WaitAsync(cancellation) is not { } store) continue;
            store.ArmLeases();
            return store;
        }
    }

    /// <summary>Deletes a store: gone at once, its rows removed in the background. False when there was none.</summary>
    public async Task<bool> DeleteStoreAsync(string name, CancellationToken cancellation)
    {
        Task<Store?>? known;
        lock (gate) stores.TryGetValue(name, out known);
        if (known is null && !(await ListStoresAsync(cancellation)).Contains(name)) return false;
        // Somebody else's deletion under way ends with null: theirs did it.
        var store = known is null ? await OpenStoreAsync(name, cancellation) : await known.WaitAsync(cancellation);
        if (store is null) return false;
        var done = new TaskCompletionSource<Store?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            ThrowIfClosed();
            if (!stores.TryGetValue(name, out var held) || !held.IsCompletedSuccessfully || held.Result != store) return false;
            stores[name] = done.Task;
        }
        try
        {
            // From here on nothing is taken back: a caller that gives up does not leave half a deletion.
            store.Refuse(new(StorageFailure.Closed, $"store \"{name}\" has been deleted"));
            var drop = new DropWork(store.Id);
            Committer.Enqueue(drop);
            await drop.Task;
            _ = PurgeAsync(store.Id);
            return true;
        }
        finally
        {
            // A failed deletion leaves a store in the database that the next opening takes over anew.
            lock (gate) stores.Remove(name);
            store.Close();
            done.SetResult(null);
        }
    }

    /// <summary>Finishes queued writes and closes.</summary>
    public ValueTask DisposeAsync()
    {
        lock (gate) return new(closing ??= CloseAsync());
    }

    /// <summary>A store found another owner's epoch in the database.</summary>
    internal void StepDown(Store store, StorageException reason)
    {
        store.Refuse(reason);
        lock (gate)
        {
            if (stores.TryGetValue(store.Name, out var held) && held.IsCompletedSuccessfully && held.Result == store) stores.Remove(store.Name);
        }
        store.Close();
    }

    /// <summary>There is something to look after.</summary>
    internal void KeepHouse() => housekeeper.Wake();

    private async Task CloseAsync()
    {
        await Task.Yield();
        housekeeper.Dispose();
        LeaseTimer.Dispose();
        var all = Open();
        foreach (var store in all) store.Refuse(new(StorageFailure.Closed, "the datastore is closed"));
        await Committer.StopAsync();
        foreach (var store in all) store.Close();
        Dialect.Dispose();
    }

    private List<Store> Open()
    {
        lock (gate) return [.. stores.Values.Where(task => task.IsCompletedSuccessfully).Select(task => task.Result).OfType<Store>()];
    }

    private async Task<Store?> ClaimAsync(string name)
    {
        // The caller holds the gate.
        await Task.Yield();
        try
        {
            var claim = new StoreClaim(name, owner, Options.Time.GetUtcNow().ToUnixTimeMilliseconds());
            var work = new ClaimWork(claim);
            Committer.Enqueue(work);
            await work.Task;
            return new Store(this, name, claim.Row, claim.Leases);
        }
        catch
        {
            lock (gate) stores.Remove(name);
            throw;
        }
    }

    private async Task PurgeAsync(long store)
    {
        try
        {
            var purge = new StorePurge(store);
            while (!purge.Done)
            {
                var work = new PurgeWork(purge);
                Committer.Enqueue(work);
                await work.Task;
            }
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Closed)
        {
            // The next opening goes on.
        }
        catch (StorageException e)
        {
            Options.Warn?.Invoke("rows of a deleted store remain until the datastore is opened again", e);
        }
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref closing) is not null) throw new StorageException(StorageFailure.Closed, "the datastore is closed");
    }
}
