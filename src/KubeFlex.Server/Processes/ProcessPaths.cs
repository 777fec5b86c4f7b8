using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Server.Data;

namespace KubeFlex.Server.Processes;

/// <summary>The directory of one control plane of child processes: for its owner only, since keys lie in it.</summary>
internal sealed class ProcessPaths(string directory)
{
    public string Directory => directory;

    public string File(string relative) => Path.Combine(directory, relative);

    public string Log(string program) => Path.Combine(directory, "logs", $"{program}.log");

    public string Pid(string program) => Path.Combine(directory, $"{program}.pid");

    private string StateFile => Path.Combine(directory, "process.json");

    /// <summary>What was last asked to run, for a start of the server; null when there is nothing or it cannot be read.</summary>
    public ProcessState? Read()
    {
        try
        {
            return System.IO.File.Exists(StateFile) && JsonNode.Parse(System.IO.File.ReadAllText(StateFile)) is JsonObject o && (int?)o["port"] is { } port
                ? new ProcessState(port, (string?)o["backend"] ?? "shared", (string?)o["digest"], Strings(o["apiServer"]), Strings(o["controllerManager"])) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    public void Write(ProcessState state)
    {
        Create(directory);
        DataDirectory.WriteAtomically(StateFile, System.Text.Encoding.UTF8.GetBytes(new JsonObject
        {
            ["port"] = state.Port,
            ["backend"] = state.Backend,
            ["digest"] = state.Digest,
            ["apiServer"] = new JsonArray([.. state.ApiServer.Select(a => (JsonNode)a)]),
            ["controllerManager"] = new JsonArray([.. state.ControllerManager.Select(a => (JsonNode)a)]),
        }.ToJsonString(KubeJson.Relaxed)));
    }

    /// <summary>Writes the files that programs read.</summary>
    public void WriteFiles(IReadOnlyDictionary<string, string> files)
    {
        foreach (var (name, content) in files)
        {
            var file = File(name);
            Create(Path.GetDirectoryName(file)!);
            DataDirectory.WriteAtomically(file, System.Text.Encoding.UTF8.GetBytes(content));
        }
        Create(Path.Combine(directory, "logs"));
    }

    private static string[] Strings(JsonNode? node) => [.. (node as JsonArray ?? []).Select(n => (string?)n ?? "")];

    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows()) System.IO.Directory.CreateDirectory(path);
        else System.IO.Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

/// <summary>What outlives the server.</summary>
/// <param name="Port">Port of kube-apiserver.</param>
/// <param name="Backend">Value of <c>spec.backend</c>.</param>
/// <param name="Digest">Hash of arguments and files; null while nothing was asked to run.</param>
/// <param name="ApiServer">Arguments of kube-apiserver.</param>
/// <param name="ControllerManager">Arguments of kube-controller-manager.</param>
internal sealed record ProcessState(int Port, string Backend, string? Digest, IReadOnlyList<string> ApiServer, IReadOnlyList<string> ControllerManager)
{
    /// <summary>The state for what the operator asks for.</summary>
    public static ProcessState Of(int port, ProcessControlPlane asked)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(System.Text.Encoding.UTF8.GetBytes(text + "\0"));
        foreach (var argument in asked.ApiServer.Concat(asked.ControllerManager)) Add(argument);
        foreach (var (name, content) in asked.Files.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            Add(name);
            Add(content);
        }
        return new(port, asked.Backend, Convert.ToHexStringLower(hash.GetCurrentHash()), asked.ApiServer, asked.ControllerManager);
    }
}
