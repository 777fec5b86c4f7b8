using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Server.Configuration;

namespace KubeFlex.Server.Data;

/// <summary>The directory a server keeps everything in. One server at a time: the lock ends with the process, however it ends.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream gate;

    private DataDirectory(string path, FileStream gate) => (Path, this.gate) = (path, gate);

    public string Path { get; }
    public string Database => System.IO.Path.Combine(Path, "kubeflex.db");
    public string Dedicated(string controlPlane) => System.IO.Path.Combine(Path, "dedicated", $"{controlPlane}.db");
    public string DatastoreFile => System.IO.Path.Combine(Path, "datastore");
    public string ServerFile => System.IO.Path.Combine(Path, "server.json");
    public string CaFile => System.IO.Path.Combine(Path, "ca.crt");
    public string AdminKubeconfig => System.IO.Path.Combine(Path, "admin.kubeconfig");
    public string Pki(string file) => System.IO.Path.Combine(Path, "pki", file);

    /// <summary>Creates the directory if needed and takes its lock; failures say what to do.</summary>
    public static DataDirectory Open(string path)
    {
        try
        {
            CreatePrivate(path);
            CreatePrivate(System.IO.Path.Combine(path, "pki"));
            CreatePrivate(System.IO.Path.Combine(path, "dedicated"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e);
        }
        var lockFile = System.IO.Path.Combine(path, "server.lock");
        try
        {
            var gate = new FileStream(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.WriteThrough);
            return new DataDirectory(path, gate);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Unusable(path, e);
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            throw new StartupException(ExitCode.AlreadyRunning,
                $"another KubeFlex server{RunningPid(path)} uses {path}: stop it with \"kflex stop\", or choose another directory with --data-dir", e);
        }
        catch (IOException e)
        {
            throw Unusable(path, e);
        }
    }

    /// <summary>Tells clients where the server is.</summary>
    public void WriteServerFile(string url) => WriteAtomically(ServerFile, Encoding.UTF8.GetBytes(new JsonObject
    {
        ["url"] = url,
        ["pid"] = Environment.ProcessId,
        ["caFile"] = CaFile,
    }.ToJsonString(KubeJson.Relaxed) + "\n"));

    public void RemoveServerFile() => File.Delete(ServerFile);

    /// <summary>Writes a file that only its owner reads, whole or not at all.</summary>
    public static void WriteAtomically(string file, byte[] content)
    {
        var temporary = $"{file}.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: true);
    }

    public void Dispose() => gate.Dispose();

    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static bool IsSharingViolation(IOException e) => (e.HResult & 0xffff) is 32 or 11 or 35;

    private static StartupException Unusable(string path, Exception e) => new(ExitCode.DataDirectory,
        $"the data directory {path} cannot be used: {e.Message} Make it writable, or choose another with --data-dir or KUBEFLEX_HOME", e);

    private static string RunningPid(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(path, "server.json")))?["pid"] is { } pid ? $" (process {pid})" : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            return "";
        }
    }
}
