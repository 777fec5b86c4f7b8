using KubeFlex.Storage.Archive;

namespace KubeFlex.Storage.Tests.Archive;

/// <summary>Short words for backups.</summary>
internal static class Archives
{
    public static async Task<byte[]> WriteAsync(Store store, ArchiveCompression compression = ArchiveCompression.Gzip)
    {
        var snapshot = await store.SnapshotAsync(default);
        using var stream = new MemoryStream();
        var header = new ArchiveHeader(ArchiveKind.Store, store.Name, snapshot.Revision, DateTimeOffset.UnixEpoch, compression);
        await using (var writer = await ArchiveWriter.CreateAsync(stream, header, default))
        {
            await writer.WriteAsync(new ArchivedFile("pki/ca.crt", [1, 2, 3]), default);
            await writer.WriteAsync(new ArchivedObject(store.Name, [4], [5]), default);
            await writer.WriteAsync(snapshot, store.Name, false, null, default);
            await writer.FinishAsync(default);
        }
        return stream.ToArray();
    }

    /// <summary>Reads all of a backup of one store into an import that is not published yet.</summary>
    public static async Task<(StoreImport Import, ArchivedStore Store)> StageAsync(byte[] backup, Datastore to, bool history)
    {
        await using var reader = await ArchiveReader.OpenAsync(new MemoryStream(backup), default);
        var import = await StoreImport.BeginAsync(to, history, default);
        ArchivedStore? store = null;
        try
        {
            while (await reader.ReadAsync(default) is { } record)
            {
                if (record is ArchivedStore begun) store = begun;
                if (record is ArchivedVersion version) await import.AddAsync(version, default);
                if (record is ArchivedLease lease) await import.AddAsync(lease, default);
            }
            return (import, store!);
        }
        catch
        {
            await import.DisposeAsync();
            throw;
        }
    }

    public static async Task<Store> RestoreAsync(byte[] backup, Datastore to, string name, long beyond)
    {
        var (import, store) = await StageAsync(backup, to, history: beyond == 0);
        await using (import) await to.PublishAsync([new(import, name, store.Revision, store.Compacted, beyond)], default);
        return await to.OpenStoreAsync(name, default);
    }

    /// <summary>All that a snapshot holds, as text.</summary>
    public static IEnumerable<string> Text(StoreSnapshot snapshot) =>
    [
        $"revision {snapshot.Revision}, compacted {snapshot.Compacted}",
        .. snapshot.Versions.Select(v => $"{Support.Words.S(v.Item.Key)}={Convert.ToHexString(v.Item.Value)} {v.Item.CreateRevision} {v.Item.ModRevision} {v.Item.Version} {v.Item.Lease} {v.Current}"),
        .. snapshot.Leases.Select(lease => $"{lease.Id} {lease.Ttl} {lease.Remaining}"),
    ];
}
