using System.CommandLine;

namespace KubeFlex.Cli.Commands;

/// <summary>The storage without the rest of the server.</summary>
internal sealed class StorageCommand : Command
{
    public StorageCommand(CliApp app) : base("storage", "The storage without the rest of the server.") => Add(new StorageServeCommand(app));
}
