using System.Collections.Concurrent;
using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Dialects.Postgres;
using KubeFlex.Storage.Dialects.Sqlite;
using KubeFlex.Storage.Engine;
using KubeFlex.Storage.Membership;

namespace KubeFlex.Storage;

/// <summary>A database that holds many stores. One committer writes for all of them (group commit). Safe for concurrent use.</summary>
public sealed partial class Datastore : IAsyncDisposable
{
    private const int LongestName = 512;

    /// <summary>How long "another has it" is believed.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    private readonly Lock gate = new();
    // The task completes with the store, or with null when the name was being deleted.
    private readonly Dictionary<string, Task<Store?>> stores = new(StringComparer.Ordinal);
    private readonly string owner = Guid.NewGuid().ToString("N");
    private readonly MemberLease? membership;
    // Stores of others, so that a client who asks again and again does not cost a transaction each time.
    private readonly ConcurrentDictionary<string, (StorageException Why, long Since)> elsewhere = new(StringComparer.Ordinal);
    private readonly Housekeeper housekeeper;
    private Task? closing;

    internal Datastore(IDialect dialect, DatastoreOptions options)
    {
        options.Validate();
        (Dialect, Options) = (dialect, options);
        Committer = new(dialect, options);
        housekeeper = new(options, Open);
        LeaseTimer = new(options.Time, Open);
        if (options.Membership is not null && dialect.Members is { } table) membership = MemberLease.Start(table, options.Membership, options.Time, GiveUpAll);
    }

    internal IDialect Dialect { get; }

    internal DatastoreOptions Options { get; }

    internal Committer Committer { get; }

    internal LeaseTimer LeaseTimer { get; }

    /// <summary>Opens or creates a SQLite datastore; <paramref name="path"/> is the file. Another process that has it open is a <see cref="StorageException"/>.</summary>
    public static Task<Datastore> OpenSqliteAsync(string path, DatastoreOptions options, CancellationToken cancellation) =>
        Task.Run(() => Open(SqliteDialect.Open(path), options), cancellation);

    /// <summary>Opens a PostgreSQL database, creating its tables if absent; <paramref name="url"/> as libpq takes it, see <see cref="DatastoreUrl"/>.</summary>
    public static Task<Datastore> OpenPostgresAsync(string url, DatastoreOptions options, CancellationToken cancellation)
    {
        var parsed = DatastoreUrl.Parse(url);
        if (parsed.Postgres is null) throw new StorageException(StorageFailure.Invalid, "write postgres://USER@HOST/DATABASE");
        return OpenAsync(parsed, options, cancellation);
    }

    /// <summary>Opens a datastore wherever it is; what is absent in it is created (the file, the tables; not a PostgreSQL database itself).</summary>
    public static Task<Datastore> OpenAsync(DatastoreUrl url, DatastoreOptions options, CancellationToken cancellation) =>
        url.Postgres is { } target ? Task.Run(() => Open(PostgresDialect.Open(target), options), cancellation) : OpenSqliteAsync(url.File!, options, cancellation);

    /// <summary>Whether there is a datastore: the file, or the PostgreSQL database.</summary>
    public static Task<bool> ExistsAsync(DatastoreUrl url, CancellationToken cancellation) =>
        url.Postgres is { } target ? Task.Run(() => PostgresDatabases.Exists(target), cancellation) : Task.FromResult(File.Exists(url.File));

    /// <summary>Makes the PostgreSQL database if it is absent, which needs the right CREATEDB; a SQLite file comes with its opening.</summary>
    public static Task CreateAsync(DatastoreUrl url, CancellationToken cancellation) =>
        url.Postgres is { } target ? Task.Run(() => PostgresDatabases.Create(target), cancellation) : Task.CompletedTask;

    /// <summary>Removes a datastore with everything in it; others' connections to it end. Nothing happens when there is none.</summary>
    public static Task DropAsync(DatastoreUrl url, CancellationToken cancellation)
    {
        if (url.Postgres is { } target) return Task.Run(() => PostgresDatabases.Drop(target), cancellation);
        if (!Directory.Exists(Path.GetDirectoryName(url.File))) return Task.CompletedTask;
        foreach (var file in SqliteDialect.Files(url.File!)) File.Delete(file);
        return Task.CompletedTask;
    }

    /// <summary>Bytes that the stores take on disk.</summary>
    public Task<long> MeasureAsync(CancellationToken cancellation)
    {
        ThrowIfClosed();
        return Task.Run(Dialect.Size, cancellation);
    }

    internal static Datastore Open(IDialect dialect, DatastoreOptions options)
    {
        try
        {
            var datastore = new Datastore(dialect, options);
            foreach (var dropped in dialect.Dropped()) _ = datastore.PurgeAsync(dropped);
            datastore.SweepImports(alone: dialect is SqliteDialect || datastore.membership is not null);
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

    /// <summary>This server among those that share the datastore; null when it is alone.</summary>
    public StoreOwner? Self => membership?.Self;

    /// <summary>The servers that share the datastore and live, this one included; empty when it is alone.</summary>
    public Task<IReadOnlyList<StoreOwner>> ListOwnersAsync(CancellationToken cancellation)
    {
        ThrowIfClosed();
        return membership is null ? Task.FromResult<IReadOnlyList<StoreOwner>>([]) : Task.Run(() => Dialect.Members!.Members(), cancellation);
    }

    /// <summary>The living owner of a store, this server included; null when it has none, when there is no such store, or when the datastore is not shared.</summary>
    public Task<StoreOwner?> FindOwnerAsync(string name, CancellationToken cancellation)
    {
        ThrowIfClosed();
        return membership is null ? Task.FromResult<StoreOwner?>(null) : Task.Run(() => Dialect.Members!.OwnerOf(name), cancellation);
    }

    /// <summary>
    /// Opens a store, creating it if absent; <see cref="StorageFailure.NotOwner"/> when another server that shares the datastore has it. The same instance for the same name until it is deleted.</summary>
    public async Task<Store> OpenStoreAsync(string name, CancellationToken cancellation)
    {
        CheckName(name);
        while (true)
        {
            Task<Store?> task;
            lock (gate)
            {
                ThrowIfClosed();
                if (elsewhere.TryGetValue(name, out var other))
                {
                    if (Options.Time.GetElapsedTime(other.Since) < LookAgain) throw Committer.Again(other.Why);
                    elsewhere.TryRemove(name, out _);
                }
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
        if (reason.Failure == StorageFailure.NotOwner) Options.Membership?.Lost?.Invoke(store);
    }

    /// <summary>Whether what stores of ours hold in memory is the newest there is.</summary>
    internal bool Held => membership is not { Held: false };

    /// <summary>Completes once it is; fails when that cannot be proven.</summary>
    internal Task HoldAsync(CancellationToken cancellation) => membership?.HoldAsync(cancellation) ?? Task.CompletedTask;

    /// <summary>There is something to look after.</summary>
    internal void KeepHouse() => housekeeper.Wake();

    private async Task CloseAsync()
    {
        await Task.Yield();
        housekeeper.Dispose();
        LeaseTimer.Dispose();
        var all = Open();
        foreach (var store in all) store.Refuse(new(StorageFailure.Closed, "the datastore is closed"));
        Dialect.Interrupt();
        await Committer.StopAsync();
        foreach (var store in all) store.Close();
        // Last: from here on others may have the stores.
        if (membership is not null) await membership.DisposeAsync();
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
            if (membership is not null) await membership.HoldAsync(CancellationToken.None);
            var claim = new StoreClaim(name, membership?.Self.Id ?? owner, Options.Time.GetUtcNow().ToUnixTimeMilliseconds(), force: membership is null);
            var work = new ClaimWork(claim);
            Committer.Enqueue(work);
            await work.Task;
            if (claim.HeldBy is { } other) throw Elsewhere(name, other);
            return new Store(this, name, claim.Row, claim.Leases);
        }
        catch
        {
            lock (gate) stores.Remove(name);
            throw;
        }
    }

    private StorageException Elsewhere(string name, StoreOwner other)
    {
        var why = new StorageException(StorageFailure.NotOwner, $"store \"{name}\" is with another server{(other.Url.Length > 0 ? ", " + other.Url : "")}")
        {
            Owner = other,
            Brief = $"store \"{name}\" is with another server",
        };
        elsewhere[name] = (why, Options.Time.GetTimestamp());
        return why;
    }

    /// <summary>Another server has taken a store of ours over, so it took us for dead: none of them is safe any more.</summary>
    private void GiveUpAll(StorageException reason)
    {
        foreach (var store in Open()) StepDown(store, reason);
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
