using System.Runtime.InteropServices;
using KubeFlex.Server.Backup;
using KubeFlex.Server.Configuration;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Server.Data;
using KubeFlex.Storage;
using KubeFlex.Storage.Archive;

namespace KubeFlex.Server.StorageOnly;

/// <summary>
/// <c>kubeflex-server storage backup|restore</c>: for a server that does not run, and for a datastore without a server. The same files as those of a
/// running server.
/// </summary>
internal static class StorageArchive
{
    public static async Task<int> MainAsync(IReadOnlyList<string> args)
    {
        if (args.Any(arg => arg is "--help" or "-h"))
        {
            Console.WriteLine(StorageArchiveOptions.Usage);
            return ExitCode.Ok;
        }
        var (options, errors) = StorageArchiveOptions.Parse(args);
        if (options is null)
        {
            foreach (var error in errors) await Console.Error.WriteLineAsync($"kubeflex-server: {error}");
            await Console.Error.WriteLineAsync(StorageArchiveOptions.Usage);
            return ExitCode.Usage;
        }
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            await RunAsync(options, stop.Token);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("kubeflex-server: interrupted; nothing was changed");
            return 130;
        }
        catch (StartupException e)
        {
            await Console.Error.WriteLineAsync($"kubeflex-server: {e.Message}");
            return e.ExitCode;
        }
        catch (Exception e) when (e is ArchiveException or StorageException or BackupFailure or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"kubeflex-server: {e.Message}");
            return ExitCode.Failure;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task RunAsync(StorageArchiveOptions options, CancellationToken cancellation)
    {
        if (options.Restore && options.DataDirectory is null && options.Datastore is { } target)
        {
            await RestoreStoresAsync(options, target, cancellation);
            return;
        }
        using var directory = options.DataDirectory is { } path ? DataDirectory.Open(path) : null;
        await using var shared = await Datastore.OpenAsync(options.Datastore ?? DatastoreUrl.Sqlite(directory!.Database), new(), cancellation);
        if (options.Restore) await RestoreServerAsync(options, directory!, shared, cancellation);
        else
        {
            var backup = await PrepareAsync(options, directory, shared, cancellation);
            await ArchiveFile.WriteAsync(options.File, backup.WriteAsync, cancellation);
            await Console.Error.WriteLineAsync($"wrote {(options.File == "-" ? "the backup" : options.File)}");
        }
    }

    private static async Task<PreparedBackup> PrepareAsync(StorageArchiveOptions options, DataDirectory? directory, Datastore shared, CancellationToken cancellation)
    {
        var names = await shared.ListStoresAsync(cancellation);
        if (directory is not null)
        {
            if (!names.Contains(ServerBackup.HostingName)) throw BackupFailure.Conflict($"{directory.Path} holds no server's data");
            var hosting = await shared.OpenStoreAsync(ServerBackup.HostingName, cancellation);
            var backup = new ServerBackup(directory, shared, hosting, new Places(new PlaceRecords(hosting), shared, DedicatedDatastores.For(options.Datastore, directory), new DatastorePool(new())), TimeProvider.System);
            return options.Store is { } name ? await backup.OneAsync(name, options.Compression, cancellation) : await backup.AllAsync(options.Compression, cancellation);
        }
        if (options.Store is { } missing && !names.Contains(missing)) throw BackupFailure.Conflict($"there is no store \"{missing}\"; there are: {string.Join(", ", names)}");
        string[] wanted = options.Store is { } one ? [one] : [.. names];
        var first = options.Store is { } single ? await (await shared.OpenStoreAsync(single, cancellation)).SnapshotAsync(cancellation) : null;
        var header = new ArchiveHeader(first is null ? ArchiveKind.Datastore : ArchiveKind.Store, options.Store ?? "", first?.Revision ?? 0, TimeProvider.System.GetUtcNow(), options.Compression);
        return new(header, async (to, stop) =>
        {
            await using var writer = await ArchiveWriter.CreateAsync(to, header, stop);
            foreach (var name in wanted)
            {
                var store = await shared.OpenStoreAsync(name, stop);
                await writer.WriteAsync(first ?? await store.SnapshotAsync(stop), name, false, null, stop);
                store.Rest();
            }
            await writer.FinishAsync(stop);
        });
    }

    private static async Task RestoreStoresAsync(StorageArchiveOptions options, DatastoreUrl target, CancellationToken cancellation)
    {
        await using var from = ArchiveFile.OpenRead(options.File);
        await using var reader = await ArchiveReader.OpenAsync(from, cancellation);
        await using var datastore = await Datastore.OpenAsync(target, new(), cancellation);
        // One store may come back under another name; of many, one is picked by its name.
        var many = reader.Header.Kind == ArchiveKind.Datastore;
        string NameOf(ArchivedStore store) => many ? store.Name : options.Store ?? store.Name;
        await using var stage = await ArchiveStage.ReadAsync(reader, store => new(many && options.Store is not null && store.Name != options.Store ? null : datastore), _ => false, cancellation);
        if (stage.Stores.Count == 0) throw BackupFailure.Bad(options.Store is { } wanted ? $"the backup holds no store \"{wanted}\"" : "the backup holds no store");
        var there = (await datastore.ListStoresAsync(cancellation)).Intersect(stage.Stores.Select(staged => NameOf(staged.Store))).ToList();
        if (there.Count > 0 && !options.Replace) throw BackupFailure.Conflict($"the datastore has a store {string.Join(", ", there.Select(name => $"\"{name}\""))} already: replace with --replace");
        foreach (var (name, revision) in await stage.PublishAsync(NameOf, CancellationToken.None))
            await Console.Error.WriteLineAsync($"restored store \"{name}\"; it goes on at revision {revision}");
    }

    private static async Task RestoreServerAsync(StorageArchiveOptions options, DataDirectory directory, Datastore shared, CancellationToken cancellation)
    {
        await using var from = ArchiveFile.OpenRead(options.File);
        await using var reader = await ArchiveReader.OpenAsync(from, cancellation);
        if (reader.Header.Kind != ArchiveKind.Datastore)
            throw BackupFailure.Bad($"this is the backup of {(reader.Header.Kind == ArchiveKind.ControlPlane ? "control plane" : "store")} \"{reader.Header.Name}\", not of a whole server: restore it into a running server with kflex restore NAME FILE");
        var before = await shared.ListStoresAsync(cancellation);
        if (before.Count > 0 && !options.Replace) throw BackupFailure.Conflict($"{directory.Path} holds a server's data already: choose another directory, or give all of that up with --replace");

        var pool = new DatastorePool(new());
        var dedicated = DedicatedDatastores.For(options.Datastore, directory);
        var leases = new List<DatastorePool.Lease>();
        try
        {
            async ValueTask<Datastore?> TargetAsync(ArchivedStore store)
            {
                if (!store.Dedicated) return shared;
                if (store.Name.Length == 0 || store.Name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')) || store.Name[0] == '.')
                    throw BackupFailure.Bad("the backup holds a store whose name cannot be a file's");
                var lease = await pool.RentAsync(dedicated.Of(store.Name), create: true, cancellation);
                leases.Add(lease);
                return lease.Datastore;
            }

            await using var stage = await ArchiveStage.ReadAsync(reader, TargetAsync, _ => false, cancellation);
            if (!stage.Stores.Exists(staged => staged.Store is { Name: ServerBackup.HostingName, Dedicated: false }) || !ServerBackup.IdentityFiles.All(file => stage.Files.Exists(f => f.Name == file)))
                throw BackupFailure.Bad("this is the backup of a datastore, not of a server: restore it with --datastore instead of --data-dir");
            // The hosting control plane's datastore last: with it the rest is known. A crash before leaves what the same command replaces.
            foreach (var file in stage.Files.Where(file => ServerBackup.IdentityFiles.Contains(file.Name))) DataDirectory.WriteAtomically(Path.Combine(directory.Path, file.Name), file.Content);
            stage.Stores.Sort((left, right) => right.Store.Dedicated.CompareTo(left.Store.Dedicated));
            var revisions = await stage.PublishAsync(store => store.Name, CancellationToken.None);
            foreach (var gone in before.Where(name => !stage.Stores.Exists(staged => staged.Store.Name == name && !staged.Store.Dedicated)))
                await shared.DeleteStoreAsync(gone, CancellationToken.None);
            await Console.Error.WriteLineAsync($"restored {revisions.Count} stores into {directory.Path}; start the server on it");
        }
        finally
        {
            foreach (var lease in leases) await lease.DisposeAsync();
        }
    }
}
