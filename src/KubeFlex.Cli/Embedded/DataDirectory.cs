using System.Text.Json;
using System.Text.Json.Nodes;
using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Cli.Embedded;

/// <summary>What a running server wrote into its data directory.</summary>
/// <param name="Url">Where it answers.</param>
/// <param name="Pid">Its process.</param>
internal sealed record ServerInfo(Uri Url, int Pid);

/// <summary>The data directory of the embedded server and the files both sides agree on.</summary>
internal sealed record DataDirectory(string Path, bool IsStandard)
{
    /// <summary>The option, else <c>$KUBEFLEX_HOME</c>, else <c>~/.kubeflex</c>.</summary>
    public static DataDirectory Resolve(string? option, CliHost host) =>
        !string.IsNullOrEmpty(option) ? new(System.IO.Path.GetFullPath(option), IsStandard: false)
        : host.Variable("KUBEFLEX_HOME") is { Length: > 0 } variable ? new(System.IO.Path.GetFullPath(variable), IsStandard: true)
        : new(System.IO.Path.Combine(host.Home, ".kubeflex"), IsStandard: true);

    public string ServerFile => System.IO.Path.Combine(Path, "server.json");

    public string AdminKubeconfig => System.IO.Path.Combine(Path, "admin.kubeconfig");

    public string Log => System.IO.Path.Combine(Path, "server.log");

    /// <summary>The option to add to a suggested command so that it finds this directory again.</summary>
    public string Suffix => IsStandard ? "" : $" --data-dir {Path}";

    /// <summary>Null when no server has written it, or it cannot be understood.</summary>
    public ServerInfo? ReadServer()
    {
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(ServerFile));
            return json?["pid"] is JsonValue pid && pid.TryGetValue(out int id) && id > 1 && Uri.TryCreate((string?)json["url"], UriKind.Absolute, out var url) ? new(url, id) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The server's own kubeconfig; it outlives the server.</summary>
    public Kubeconfig LoadAdmin(TimeProvider time) => new KubeconfigStore(KubeconfigPaths.Resolve(AdminKubeconfig, null, ""), time).Load();

    /// <summary>Where the server listened last, so that contexts stay right when it is started again; null if it never ran.</summary>
    public string? LastAddress(TimeProvider time)
    {
        try
        {
            var admin = LoadAdmin(time);
            return admin.Names(KubeconfigSection.Contexts) is [var context, ..] && Uri.TryCreate(admin.ServerOf(context), UriKind.Absolute, out var url) && url.IsLoopback
                ? $"{(url.HostNameType == UriHostNameType.Dns ? "127.0.0.1" : url.Host)}:{url.Port}" : null;
        }
        catch (KubeconfigException)
        {
            // The server writes it anew.
            return null;
        }
    }
}
