using System.Diagnostics;
using System.Globalization;

namespace KubeFlex.History.Driving;

/// <summary>A file system of a few mebibytes in memory; only root may mount one.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <summary>Null when it may not be mounted here.</summary>
    public static async Task<SmallDisk?> MountAsync(int mebibytes)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var path = Directory.CreateTempSubdirectory("kubeflex-small-disk-").FullName;
        if (await RunAsync("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m,mode=0700"), "tmpfs", path)) return new(path);
        Directory.Delete(path);
        return null;
    }

    /// <summary>Takes all that is left, to the last byte.</summary>
    public void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, 1);
        var piece = new byte[1 << 20];
        for (var size = piece.Length; size > 0;)
        {
            try
            {
                filler.Write(piece, 0, size);
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
        await RunAsync("umount", "-l", Path);
        Directory.Delete(Path);
    }

    private string Filler => System.IO.Path.Combine(Path, "filler");

    private static async Task<bool> RunAsync(string program, params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
