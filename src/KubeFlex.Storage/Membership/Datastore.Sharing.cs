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
