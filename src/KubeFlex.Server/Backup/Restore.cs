using System.Text.Json.Nodes;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.Backup;

/// <summary>
/// Brings one control plane back on a running server. What exists stays untouched until the backup has been read to its end. One that is there gets
/// the backup's keys in place of its own, and keeps its certificates; one that is gone comes back with the objects that make it, under a note that
/// a start after a crash undoes (see <see cref="Places"/>).
/// </summary>
internal sealed class Restore(ControlPlaneHost host, Store hosting, Places places)
{
    public async Task<JsonObject> RunAsync(string name, Stream from, bool withCertificates, CancellationToken cancellation)
    {
        await using var reader = await ArchiveReader.OpenAsync(from, cancellation);
        if (reader.Header.Kind == ArchiveKind.Store)
            throw BackupFailure.Bad($"the backup holds the store \"{reader.Header.Name}\" of a datastore and no control plane: restore it with kflex storage restore");
        // A backup of one control plane may come back under another name; one of everything is asked for the one that is meant.
        var source = reader.Header.Kind == ArchiveKind.ControlPlane ? reader.Header.Name : name;
        using var turn = host.BeginMove(name);
        await host.FinishLeftoversAsync(name, cancellation);
        var view = await hosting.ViewAsync(cancellation);
        var live = HostingObjects.ControlPlane(view, name);
        if (live?["metadata"]?["deletionTimestamp"] is not null) throw BackupFailure.Conflict($"control plane \"{name}\" is being deleted: restore it when it is gone");
        if (live is null && source != name)
            throw BackupFailure.Bad($"the backup is of control plane \"{source}\": to restore it as \"{name}\", create that control plane first");
        if (live is null && view.Get(HostingObjects.NamespaceKey(name)) is not null)
            throw BackupFailure.Conflict($"namespace \"{name}-system\" of a former control plane is still there: restore when it is gone");

        var where = live is null ? Places.Shared : await places.FindAsync(name, Places.Shared, cancellation);
        if (live is not null && !await places.HasAsync(name, where, cancellation))
            throw BackupFailure.Conflict(HostingObjects.KeepsNothing(live, name));
        await using var place = await places.OpenAsync(name, where, cancellation);
        await using var stage = await ArchiveStage.ReadAsync(reader, store => new(store.Name == source ? place.Datastore : null), item => item.Store == source, cancellation);
        if (stage.Stores.Count == 0) throw BackupFailure.Bad($"the backup holds no control plane \"{source}\"");

        // From here on nothing is taken back because a client went away.
        return await host.HoldAsync(name, async held =>
        {
            var now = HostingObjects.ControlPlane(await hosting.ViewAsync(CancellationToken.None), name);
            if ((now is null) != (live is null) || now?["metadata"]?["deletionTimestamp"] is not null
                || live is not null && where != await places.FindAsync(name, Places.Shared, CancellationToken.None))
                throw BackupFailure.Conflict($"control plane \"{name}\" was changed while the backup was read: try again");
            var (compares, writes) = live is null ? HostingObjects.Revive(name, stage.Objects) : ([], []);
            if (live is null) await places.WriteAsync(name, new(null, Places.Shared), CancellationToken.None);
            await held.StopAsync();
            long revision;
            try
            {
                revision = (await stage.PublishAsync(_ => name, CancellationToken.None))[name];
                if (live is null) await ReviveAsync(name, compares, writes);
            }
            catch when (live is null)
            {
                // What cannot be removed now, the next start or the next creation removes.
                await host.TryFinishLeftoversAsync(name);
                throw;
            }
            var certificates = "restored";
            if (live is not null) certificates = await CertificatesAsync(name, source, stage.Objects, withCertificates);
            return new JsonObject
            {
                ["name"] = name, ["revision"] = revision, ["backupRevision"] = stage.Stores[0].Store.Revision, ["keys"] = stage.Stores[0].Import.Keys,
                ["created"] = live is null, ["certificates"] = certificates,
            };
        }, cancellation);
    }

    private async Task ReviveAsync(string name, IReadOnlyList<Compare> compares, IReadOnlyList<Operation> writes)
    {
        var result = await hosting.CommitAsync(new(compares, [.. writes, Places.Operation(name, null)], []), CancellationToken.None);
        if (result.Succeeded) return;
        throw BackupFailure.Conflict($"control plane \"{name}\" was created while the backup was read: try again");
    }

    /// <summary>The live ones count, since a rotation since the backup must not be undone unasked; says so when they differ.</summary>
    private async Task<string> CertificatesAsync(string name, string source, IReadOnlyList<ArchivedObject> objects, bool wanted)
    {
        var archived = objects.FirstOrDefault(o => o.Key.AsSpan().SequenceEqual(HostingObjects.SecretKey(source)))?.Value;
        var live = (await hosting.ViewAsync(CancellationToken.None)).Get(HostingObjects.SecretKey(name))?.Value;
        if (archived is null || live is null || HostingObjects.SameCertificates(archived, live)) return "kept";
        if (!wanted || source != name) return "differ";
        await host.ReplaceCertificatesAsync(name, (JsonNode.Parse(archived)!["data"] as JsonObject)!, CancellationToken.None);
        return "restored";
    }
}
