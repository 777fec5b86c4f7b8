using System.Globalization;

namespace KubeFlex.Machinery.Catalog;

/// <summary>
/// Kubernetes' order of version names, best first: <c>v10, v2, v1, v11beta2, v10beta3, v3beta1, v12alpha1, foo1, foo10</c> (API
/// conventions, version priority). Names that are no such version come last, in alphabetical order.
/// </summary>
public sealed class VersionOrder : IComparer<string>
{
    /// <summary>The order.</summary>
    public static readonly VersionOrder BestFirst = new();

    private VersionOrder() { }

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var (a, b) = (Parse(x ?? ""), Parse(y ?? ""));
        if (a is null || b is null) return a is null && b is null ? string.CompareOrdinal(x, y) : a is null ? 1 : -1;
        return b.Value.CompareTo(a.Value);
    }

    // Stability 2 GA, 1 beta, 0 alpha; major; minor.
    private static (int Stability, long Major, long Minor)? Parse(string version)
    {
        if (version.Length < 2 || version[0] != 'v') return null;
        var end = 1;
        while (end < version.Length && char.IsAsciiDigit(version[end])) end++;
        if (!Number(version[1..end], out var major)) return null;
        var rest = version[end..];
        if (rest.Length == 0) return (2, major, 0);
        var stability = rest.StartsWith("beta", StringComparison.Ordinal) ? 1 : rest.StartsWith("alpha", StringComparison.Ordinal) ? 0 : -1;
        if (stability < 0) return null;
        return Number(rest[(stability == 1 ? 4 : 5)..], out var minor) ? (stability, major, minor) : null;
    }

    private static bool Number(string digits, out long value) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value) && digits[0] != '0';
}
