using System.Net;
using System.Net.Sockets;

namespace KubeFlex.Machinery.Kinds;

/// <summary>IP addresses and networks as Go reads them: no shorthand, no leading zeros.</summary>
internal static class Net
{
    internal const string AddressError = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    internal const string NetworkError = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    internal static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var ip) && (ip.AddressFamily == AddressFamily.InterNetworkV6
            ? !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal)
            : ip.ToString() == text);

    internal static bool IsIPv6(string text) => text.Contains(':', StringComparison.Ordinal);

    internal static bool IsNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IsAddress(text[..slash]) || !byte.TryParse(text[(slash + 1)..], out var bits)) return false;
        return bits <= (IsIPv6(text) ? 128 : 32);
    }
}
