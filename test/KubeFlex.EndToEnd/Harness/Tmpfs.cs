using System.Globalization;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>A file system of its own, small or read-only. Only root may mount; elsewhere the test is skipped, in CI it fails.</summary>
internal sealed class Tmpfs : IAsyncDisposable
{
    private static readonly Dictionary<string, string?> NoEnvironment = [];

    private Tmpfs(string path) => Path = path;

    public string Path { get; }

    public static async Task<Tmpfs> MountAsync(int mebibytes)
    {
        var path = Directory.CreateTempSubdirectory("kubeflex-tmpfs-").FullName;
        var result = OperatingSystem.IsLinux()
            ? await Command.RunAsync("mount", ["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m,mode=0700"), "tmpfs", path], NoEnvironment) : null;
        if (result is { ExitCode: 0 }) return new Tmpfs(path);
        Directory.Delete(path);
        var why = $"a small file system cannot be mounted here: {result?.Error.Trim() ?? "not Linux"}";
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail(why);
        Assert.Skip(why);
        return null!;
    }

    public async Task MakeReadOnlyAsync() => (await Command.RunAsync("mount", ["-o", "remount,ro", Path], NoEnvironment)).Ok();

    /// <summary>Takes all space that is left, to the last byte.</summary>
    public void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, 1);
        var size = 1 << 20;
        while (size > 0)
        {
            try
            {
                filler.Write(new byte[size]);
                filler.Flush();
            }
            catch (IOException)
            {
                size /= 2;
            }
        }
    }

    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        (await Command.RunAsync("umount", ["-l", Path], NoEnvironment)).Ok();
        Directory.Delete(Path);
    }

    private string Filler => System.IO.Path.Combine(Path, "filler");
}
