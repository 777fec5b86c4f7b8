using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Processes;

/// <summary>A directory with programs that play kube-apiserver and kube-controller-manager.</summary>
internal sealed class StandIns : IDisposable
{
    public static readonly string[] Programs = ["kube-apiserver", "kube-controller-manager"];

    public StandIns(bool install = true)
    {
        if (install) Install();
    }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("kubeflex-standins-").FullName;

    public void Install()
    {
        foreach (var file in System.IO.Directory.EnumerateFiles(Repository.StandIn).Where(f => Path.GetFileName(f) != "KubeFlex.StandIn")) File.Copy(file, Path.Combine(Directory, Path.GetFileName(file)));
        // The name it runs by decides what it plays.
        foreach (var program in Programs) File.Copy(Path.Combine(Repository.StandIn, "KubeFlex.StandIn"), Path.Combine(Directory, program));
    }

    /// <summary>From now on the program ends at its start, with these words; null lets it live again.</summary>
    public void Crash(string program, string? words)
    {
        var file = Path.Combine(Directory, $"{program}.crash");
        if (words is null) File.Delete(file);
        else File.WriteAllText(file, words);
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
