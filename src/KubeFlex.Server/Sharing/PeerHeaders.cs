using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Sharing;

/// <summary>What servers tell each other beside the request itself. From anybody else such headers are dropped before the request is looked at.</summary>
internal static class PeerHeaders
{
    public const string Prefix = "Kubeflex-Peer-";

    /// <summary>The control plane that the request is for; <see cref="Hosting"/> for the hosting one. The receiver routes by this alone.</summary>
    public const string ControlPlane = Prefix + "Control-Plane";

    /// <summary>The certificate that the client has proven to have (DER, base64).</summary>
    public const string Certificate = Prefix + "Certificate";

    /// <summary>A task of the server's own instead of a client's request; see <see cref="PeerTasks"/>. A forwarded request never has it.</summary>
    public const string Task = Prefix + "Task";

    /// <summary>In an answer: the control plane is not here, and nothing of the request has happened.</summary>
    public const string Refused = Prefix + "Refused";

    /// <summary>No control plane's name.</summary>
    public const string Hosting = "/";

    public static bool IsOurs(string header) => header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase);

    public static void Strip(IHeaderDictionary headers)
    {
        List<string>? found = null;
        foreach (var header in headers)
            if (IsOurs(header.Key)) (found ??= []).Add(header.Key);
        if (found is null) return;
        foreach (var name in found) headers.Remove(name);
    }
}
