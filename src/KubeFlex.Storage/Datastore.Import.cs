using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Dialects;
using KubeFlex.Storage.Engine;

namespace KubeFlex.Storage;

/// <summary>
/// Imports take their names. Worked example: a backup at revision 40 is restored over a store that has come to 70. The import has been written
/// under a name that nobody sees. The live store refuses from here on, what it had queued is finished, it is at 70; the import gets a mark at
/// 1040 and is compacted there; one transaction takes the name from the old store and gives it to the new one. Before that transaction a crash
/// leaves the old store, after it the new one.
/// </summary>
public sealed partial class Datastore
{
    /// <summary>Longer than any import lasts: what is older was left by a crash.</summary>
    private static readonly TimeSpan LongestImport = TimeSpan.FromHours(24);

    /// <summary>Gives imports their names, all in one transaction, in place of the stores that have them now. Returns the revisions they begin at.</summary>
    public async Task<IReadOnlyList<long>> PublishAsync(IReadOnlyList<PublishedStore> stores, CancellationToken cancellation)
    {
        var replaced = new List<Replacement>();
        try
        {
            var revisions = new List<long>();
            var renames = new List<StoreRename>();
            foreach (var store in stores)
            {
                CheckName(store.Name);
                var live = await RetireAsync(store.Name, replaced, cancellation);
                var revision = store.Beyond == 0 ? store.Revision : Math.Max(store.Revision + store.Beyond, live + 1);
                await store.Import.EndAsync(revision, store.Beyond == 0 ? store.Compacted : revision, cancellation);
                revisions.Add(revision);
                renames.Add(new(store.Import.Id, store.Import.Epoch, store.Name));
            }
            var work = new RenameWork(renames);
            Committer.Enqueue(work);
            await RenamedAsync(work, stores);
            if (renames.Exists(rename => rename.Fenced)) throw new StorageException(StorageFailure.NotOwner, "another server has removed the unfinished import");
            foreach (var store in stores) store.Import.Published();
            foreach (var rename in renames)
            {
                if (rename.Replaced is { } old) _ = PurgeAsync(old);
            }
            return revisions;
        }
        finally
        {
            // After a failure the next opening finds the old store in the database, as it was.
            lock (gate)
            {
                foreach (var one in replaced) this.stores.Remove(one.Name);
            }
            foreach (var one in replaced)
            {
                one.Store?.Close();
                one.Done.SetResult(null);
            }
        }
    }

    private static async Task RenamedAsync(RenameWork work, IReadOnlyList<PublishedStore> stores)
    {
        try
        {
            await work.Task;
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Undecided)
        {
            // They may have their names by now: nothing may be dropped. What has none goes when the datastore is opened again.
            foreach (var store in stores) store.Import.Published();
            throw;
        }
    }

    internal async Task<StoreRow> ClaimImportAsync(string name)
    {
        ThrowIfClosed();
        if (membership is not null) await membership.HoldAsync(CancellationToken.None);
        var claim = new StoreClaim(name, membership?.Self.Id ?? owner, Options.Time.GetUtcNow().ToUnixTimeMilliseconds(), force: membership is null);
        var work = new ClaimWork(claim);
        Committer.Enqueue(work);
        await work.Task;
        if (claim.HeldBy is { } other) throw Elsewhere(name, other);
        return claim.Row;
    }

    internal async Task DropImportAsync(long store)
    {
        try
        {
            var drop = new DropWork(store);
            Committer.Enqueue(drop);
            await drop.Task;
            _ = PurgeAsync(store);
        }
        catch (StorageException e)
        {
            // Like one that a crash left: removed when the datastore is opened again.
            if (e.Failure != StorageFailure.Closed) Options.Warn?.Invoke("an unfinished import remains until the datastore is opened again", e);
        }
    }

    /// <summary>Removes what imports left that a crash ended. Where other servers may be importing, only what is too old to be theirs.</summary>
    internal void SweepImports(bool alone)
    {
        var now = Options.Time.GetUtcNow();
        foreach (var name in Dialect.Stores().Where(StoreImport.IsImport))
        {
            if (alone || StoreImport.Begun(name) is not { } begun || now - begun > LongestImport) _ = SweepAsync(name);
        }
    }

    private async Task SweepAsync(string name)
    {
        try
        {
            await DropImportAsync((await ClaimImportAsync(name)).Id);
        }
        catch (StorageException e)
        {
            // Another server's, which lives and may still be at it.
            if (e.Failure is not (StorageFailure.Closed or StorageFailure.NotOwner)) Options.Warn?.Invoke("an unfinished import remains until the datastore is opened again", e);
        }
    }

    /// <summary>Holds a name: whoever opens it waits. The store that has it refuses from now on; its last revision, 0 without one.</summary>
    private async Task<long> RetireAsync(string name, List<Replacement> replaced, CancellationToken cancellation)
    {
        var exists = (await ListStoresAsync(cancellation)).Contains(name);
        while (true)
        {
            // Opening takes it over from another server: that one's writes end here.
            var store = exists ? await OpenStoreAsync(name, cancellation) : null;
            var done = new TaskCompletionSource<Store?>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (gate)
            {
                ThrowIfClosed();
                stores.TryGetValue(name, out var held);
                if (store is null ? held is not null : held is not { IsCompletedSuccessfully: true } || held.Result != store)
                {
                    exists = true;
                    continue;
                }
                stores[name] = done.Task;
            }
            replaced.Add(new(name, store, done));
            if (store is null) return 0;
            store.Refuse(new(StorageFailure.Closed, $"store \"{name}\" is being replaced by a backup"));
            // Behind everything that the store had queued.
            var barrier = new BarrierWork();
            Committer.Enqueue(barrier);
            await barrier.Task;
            return store.Revision;
        }
    }

    private static void CheckName(string name)
    {
        if (name.Length is 0 or > LongestName || name.Contains('\0', StringComparison.Ordinal))
            throw new StorageException(StorageFailure.Invalid, $"a store's name has 1 to {LongestName} characters, none of them NUL");
        if (StoreImport.IsImport(name)) throw new StorageException(StorageFailure.Invalid, $"the store name \"{name}\" is reserved");
    }

    private sealed record Replacement(string Name, Store? Store, TaskCompletionSource<Store?> Done);
}
