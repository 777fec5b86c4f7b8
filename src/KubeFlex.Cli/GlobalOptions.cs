using System.CommandLine;

namespace KubeFlex.Cli;

/// <summary>Options of every command.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Kubeconfig { get; } = new("--kubeconfig", "-k")
    {
        Description = "Path to the kubeconfig file. Without it all files of $KUBECONFIG count, else ~/.kube/config.",
        HelpName = "file",
        Recursive = true,
    };

    public Option<bool> ChattyStatus { get; } = new("--chatty-status", "-s")
    {
        Description = "Tell about progress on stderr.",
        DefaultValueFactory = _ => true,
        Recursive = true,
    };

    public Option<int> Verbosity { get; } = new("--verbosity", "-v")
    {
        Description = "1 tells about decisions, 2 and more about every request.",
        HelpName = "level",
        Recursive = true,
    };

    public void AddTo(Command root)
    {
        root.Add(Kubeconfig);
        root.Add(ChattyStatus);
        root.Add(Verbosity);
    }
}
