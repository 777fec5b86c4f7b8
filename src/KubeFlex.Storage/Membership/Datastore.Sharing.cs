namespace KubeFlex.Storage;

/// <summary>What several servers on one database agree upon.</summary>
public sealed partial class Datastore
{
    /// <summary>Names of the stores that have a living owner; empty when the datastore is not shared.</summary>
    public Task<IReadOnlyList<string>> ListOwnedStoresAsync(CancellationToken cancellation)
    {
        ThrowIfClosed();
        return membership is null ? Task.FromResult<IReadOnlyList<string>>([]) : Task.Run(() => Dialect.Members!.Owned(), cancellation);
    }

    /// <summary>
    /// Gives a store to whoever asks for it next: here it refuses everything from now on, as if another server had taken it over. Nothing happens when it
    /// is not open here, or the datastore is not shared.
    /// </summary>
    public async Task ReleaseStoreAsync(string name, CancellationToken cancellation)
    {
        ThrowIfClosed();
        Task<Store?>? known;
        lock (gate) stores.TryGetValue(name, out known);
        if (membership is null || known is null || await known.WaitAsync(cancellation) is not { } store) return;
        // First here, then in the database: nobody reads here what may be old. Opened here again in between it has a new epoch, and is kept.
        StepDown(store, new(StorageFailure.NotOwner, $"store \"{name}\" is being handed to another server"));
        await Task.Run(() => Dialect.Members!.Release(store.Id, store.Epoch), cancellation);
    }

    /// <summary>
    /// What all servers keep under a key; the first to ask puts <paramref name="value"/> there. A datastore that cannot be shared keeps no settings: that is
    /// a <see cref="StorageException"/>.
    /// </summary>
    public Task<string> GetOrAddSettingAsync(string key, string value, CancellationToken cancellation)
    {
        ThrowIfClosed();
        var table = Dialect.Members ?? throw new StorageException(StorageFailure.Invalid, "only a datastore that servers can share keeps settings");
        return Task.Run(() => table.GetOrAddSetting(key, value), cancellation);
    }
}
