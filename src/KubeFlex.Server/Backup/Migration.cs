using KubeFlex.Machinery.Errors;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.Backup;

/// <summary>
/// Moves a control plane's store to another datastore while it is used. Revisions, versions, leases and history stay: clients notice writes that
/// take a moment longer, and watches that end and go on where they were.
/// <para>
/// Example: the store is at 100 and is copied. Meanwhile it came to 140; these changes are followed by a watch, until only a few are missing. Then
/// writes are held, the last come over, the copy gets its name, and one write to the hosting store says that the copy is the store. A crash before
/// that write leaves the old store and a copy that the next start removes; after it, the new store and an old one that the next start removes.
/// </para>
/// </summary>
internal sealed class Migration(ControlPlaneHost host, Store hosting, Places places, TimeProvider time)
{
    private const int FewChanges = 200;
    private const int MostRounds = 1_000;

    // Longer than any ordinary write; what runs longer (a large deletecollection) is told to try again.
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(5);

    /// <summary>Moves it; <paramref name="tell"/> gets lines for a person.</summary>
    public async Task RunAsync(string name, string to, Func<string, Task> tell, CancellationToken cancellation)
    {
        if (HostingObjects.ControlPlane(await hosting.ViewAsync(cancellation), name) is not { } cp)
            throw new BackupFailure(ApiError.NotFound(new("tenancy.kflex.kubestellar.org", "controlplanes"), name));
        if (cp["metadata"]?["deletionTimestamp"] is not null) throw BackupFailure.Conflict($"control plane \"{name}\" is being deleted");
        if (to is not (Places.Shared or Places.Dedicated) && DatastoreUrl.Parse(to) is { File: { } file }) to = $"sqlite:{file}";
        using var turn = host.BeginMove(name);
        await host.FinishLeftoversAsync(name, cancellation);
        var from = await places.FindAsync(name, Places.Shared, cancellation);
        if (Places.Shown(from) == Places.Shown(to)) throw BackupFailure.Conflict($"control plane \"{name}\" is in {Places.Shown(to)} already");
        if (!await places.HasAsync(name, from, cancellation) || await host.GetAsync(name, cancellation) is null) throw BackupFailure.Conflict(HostingObjects.KeepsNothing(cp, name));

        if (await places.HasAsync(name, to, cancellation))
            throw BackupFailure.Conflict($"{Places.Shown(to)} has a store \"{name}\" already: delete that one, or move to another datastore");
        // From here on the copy is known as one, before anything of it exists.
        await places.WriteAsync(name, new(from, to), cancellation);
        long revision;
        try
        {
            revision = await CopyAsync(name, from, to, tell, cancellation);
        }
        finally
        {
            // Either the copy or what was moved away from; when it cannot go now, the next start or move tries again.
            await host.TryFinishLeftoversAsync(name);
        }
        await tell($"moved to {Places.Shown(to)} at revision {revision}");
    }

    private async Task<long> CopyAsync(string name, string from, string to, Func<string, Task> tell, CancellationToken cancellation)
    {
        await using var source = await places.OpenAsync(name, from, cancellation);
        await using var target = await places.OpenAsync(name, to, cancellation);
        var store = await source.Datastore.OpenStoreAsync(name, cancellation);
        await using var import = await StoreImport.BeginAsync(target.Datastore, history: true, cancellation);
        var snapshot = await store.SnapshotAsync(cancellation);
        await tell($"copying {snapshot.Versions.Count} versions at revision {snapshot.Revision}");
        foreach (var (item, current) in snapshot.Versions) await import.AddAsync(new ArchivedVersion(item, current), cancellation);
        await import.FlushAsync(cancellation);

        var follower = new Follower(store, import, snapshot.Revision);
        await using (follower)
        {
            await tell($"following since revision {snapshot.Revision}");
            for (var round = 0; round < MostRounds && store.Revision - follower.Revision > FewChanges; round++) await follower.ReadAsync(cancellation);
            await import.FlushAsync(cancellation);
            await host.HoldAsync(name, async held =>
            {
                if (await places.RecordAsync(name, cancellation) != new Place(from, to)) throw BackupFailure.Conflict($"control plane \"{name}\" was deleted or replaced meanwhile");
                await SwitchAsync(held);
                return 0;
            }, cancellation);
        }
        return follower.Revision;

        async Task SwitchAsync(ControlPlaneHost.Held held)
        {
            await tell("holding writes");
            var began = time.GetTimestamp();
            var moved = false;
            try
            {
                await held.Writes.CloseAsync(DrainPatience, time, cancellation);
                var last = await store.FreezeAsync($"control plane \"{name}\" is being moved to another datastore: try again", cancellation);
                while (follower.Revision < last.Revision) await follower.ReadAsync(cancellation);
                foreach (var lease in last.Leases) await import.AddAsync(lease, cancellation);
                await target.Datastore.PublishAsync([new(import, name, last.Revision, snapshot.Compacted, 0)], cancellation);
                await DecideAsync(name, from, to);
                moved = true;
                await held.StopAsync();
                await held.StartAsync();
            }
            finally
            {
                if (!moved) store.Thaw();
                held.Writes.Open();
            }
            await tell($"writes were held for {time.GetElapsedTime(began).TotalMilliseconds:0} ms");
        }
    }

    /// <summary>The one write that decides. When nobody knows whether it has happened, another one decides for the old place, before anything is written there.</summary>
    private async Task DecideAsync(string name, string from, string to)
    {
        try
        {
            await places.WriteAsync(name, new(to, from), CancellationToken.None);
        }
        catch (StorageException doubt) when (doubt.Failure == StorageFailure.Undecided)
        {
            while (true)
            {
                try
                {
                    await places.WriteAsync(name, new(from, to), CancellationToken.None);
                    throw;
                }
                catch (StorageException e) when (e.Failure is StorageFailure.Undecided or StorageFailure.Unavailable && e != doubt)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(500), time, CancellationToken.None);
                }
            }
        }
    }

    /// <summary>Takes the changes of a store over, from a revision on.</summary>
    private sealed class Follower(Store store, StoreImport import, long from) : IAsyncDisposable
    {
        private StoreWatcher? watcher;

        /// <summary>Everything up to here has been taken over.</summary>
        public long Revision { get; private set; } = from;

        public async Task ReadAsync(CancellationToken cancellation)
        {
            watcher ??= await store.WatchAsync(new([0], [0], Revision + 1), cancellation);
            var changes = await watcher.ReadAsync(cancellation);
            foreach (var change in changes) await import.AddAsync(change, cancellation);
            if (changes.Count > 0)
            {
                Revision = changes[^1].Revision;
                return;
            }
            var end = watcher.End;
            await watcher.DisposeAsync();
            watcher = null;
            // A slow one begins again where it was.
            if (end != WatchEnd.Slow)
                throw BackupFailure.Conflict(end == WatchEnd.Compacted ? $"store \"{store.Name}\" changes faster than it can be copied: try again when there is less to do" : $"store \"{store.Name}\" was closed");
        }

        public ValueTask DisposeAsync() => watcher?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
