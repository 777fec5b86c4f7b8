using System.CommandLine;

namespace KubeFlex.Cli.Commands;

/// <summary>Where control planes are kept, and the storage without the rest of the server.</summary>
internal sealed class StorageCommand : Command
{
    public StorageCommand(CliApp app) : base("storage", "Where control planes are kept, and the storage without the rest of the server.")
    {
        Add(new StorageServeCommand(app));
        Add(new StorageMigrateCommand(app));
        Add(new StorageArchiveCommand(app, "backup", "Back up a server that does not run, or a datastore without one."));
        Add(new StorageArchiveCommand(app, "restore", "Restore a server that does not run, or a datastore without one."));
    }
}
