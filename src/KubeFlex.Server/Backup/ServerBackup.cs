using KubeFlex.Machinery.Errors;
using KubeFlex.Server.Data;
using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.Backup;

/// <summary>A backup that is ready to be streamed: what can fail with words has been done.</summary>
/// <param name="Header">Its head.</param>
/// <param name="WriteAsync">Writes all of it.</param>
internal sealed record PreparedBackup(ArchiveHeader Header, Func<Stream, CancellationToken, Task> WriteAsync);

/// <summary>
/// Backups of a server: of one control plane, or of everything. Each store is copied at one revision while its writers go on; one store is in hand
/// at a time, and one that slept sleeps on afterwards.
/// </summary>
internal sealed class ServerBackup(DataDirectory directory, Datastore shared, Store hosting, Places places, TimeProvider time)
{
    public const string HostingName = "host";

    /// <summary>What makes the server itself: without these nobody's credentials for the hosting control plane would be good.</summary>
    public static readonly string[] IdentityFiles = ["pki/ca.crt", "pki/ca.key", "pki/sa.key"];

    /// <summary>One control plane, with the objects that make it.</summary>
    public async Task<PreparedBackup> OneAsync(string name, ArchiveCompression compression, CancellationToken cancellation)
    {
        var view = await hosting.ViewAsync(cancellation);
        var cp = HostingObjects.ControlPlane(view, name) ?? throw new BackupFailure(ApiError.NotFound(new("tenancy.kflex.kubestellar.org", "controlplanes"), name));
        if (cp["metadata"]?["deletionTimestamp"] is not null) throw BackupFailure.Conflict($"control plane \"{name}\" is being deleted");
        var where = await places.FindAsync(name, Places.Shared, cancellation);
        if (await SnapshotAsync(name, where, cancellation) is not { } snapshot) throw BackupFailure.Conflict(HostingObjects.KeepsNothing(cp, name));
        var objects = HostingObjects.Of(view, name).ToList();
        var header = new ArchiveHeader(ArchiveKind.ControlPlane, name, snapshot.Revision, time.GetUtcNow(), compression);
        return new(header, async (to, stop) =>
        {
            await using var writer = await ArchiveWriter.CreateAsync(to, header, stop);
            foreach (var item in objects) await writer.WriteAsync(item, stop);
            await writer.WriteAsync(snapshot, name, where == Places.Dedicated, null, stop);
            await writer.FinishAsync(stop);
        });
    }

    /// <summary>Everything that a new machine needs to take over.</summary>
    public async Task<PreparedBackup> AllAsync(ArchiveCompression compression, CancellationToken cancellation)
    {
        var header = new ArchiveHeader(ArchiveKind.Datastore, "", 0, time.GetUtcNow(), compression);
        var view = await hosting.ViewAsync(cancellation);
        var host = await hosting.SnapshotAsync(cancellation);
        return new(header, async (to, stop) =>
        {
            await using var writer = await ArchiveWriter.CreateAsync(to, header, stop);
            foreach (var file in IdentityFiles)
            {
                var path = Path.Combine(directory.Path, file);
                if (File.Exists(path)) await writer.WriteAsync(new ArchivedFile(file, await File.ReadAllBytesAsync(path, stop)), stop);
            }
            // Where stores were is left out: where they come to be is the restoring server's business.
            await writer.WriteAsync(host, HostingName, false, item => Places.IsKey(item.Key), stop);
            var names = HostingObjects.Names(view).Concat(await shared.ListStoresAsync(stop)).Where(name => name != HostingName).Distinct().Order(StringComparer.Ordinal);
            foreach (var name in names)
            {
                var where = await places.FindAsync(name, Places.Shared, stop);
                if (await SnapshotAsync(name, where, stop) is not { } snapshot) continue;
                foreach (var item in HostingObjects.Of(view, name)) await writer.WriteAsync(item, stop);
                await writer.WriteAsync(snapshot, name, where == Places.Dedicated, null, stop);
            }
            await writer.FinishAsync(stop);
        });
    }

    private async Task<StoreSnapshot?> SnapshotAsync(string name, string where, CancellationToken cancellation)
    {
        if (!await places.HasAsync(name, where, cancellation)) return null;
        await using var place = await places.OpenAsync(name, where, cancellation);
        var store = await place.Datastore.OpenStoreAsync(name, cancellation);
        var slept = store.Sleeps;
        var snapshot = await store.SnapshotAsync(cancellation);
        if (slept) store.Rest();
        return snapshot;
    }
}
