namespace KubeFlex.EndToEnd.Harness;

/// <summary>Where the executables under test lie.</summary>
internal static class Repository
{
    public static readonly string Root = FindRoot();

    private static readonly string Configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    public static string Server => Path.Combine(Root, "artifacts", "bin", "KubeFlex.Server", Configuration, "kubeflex-server");
    public static string Cli => Path.Combine(Root, "artifacts", "bin", "KubeFlex.Cli", Configuration, "kflex");

    public static string StandIn => Path.Combine(Root, "artifacts", "bin", "KubeFlex.StandIn", Configuration);
    public static string ImageBuilder => Path.Combine(Root, "artifacts", "bin", "ImageBuilder", Configuration, "ImageBuilder");

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "KubeFlex.slnx"))) return directory.FullName;
        throw new InvalidOperationException("the tests run from a build inside the repository");
    }
}

/// <summary>Real clients: from .tools/ (where tools/install-test-tools.sh puts them), else from PATH.</summary>
internal static class Tools
{
    public static string Kubectl => Require("kubectl");
    public static string Helm => Require("helm");
    public static string Etcdctl => Require("etcdctl");

    private static string Require(string name)
    {
        var local = Path.Combine(Repository.Root, ".tools", name);
        if (File.Exists(local)) return local;
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);
        if (found is not null) return found;
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail($"{name} is missing: tools/install-test-tools.sh should have installed it");
        Assert.Skip($"{name} is not installed: run tools/install-test-tools.sh");
        return "";
    }
}
