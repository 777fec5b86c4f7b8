using System.Text.RegularExpressions;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>Order of API versions (<c>apimachinery/pkg/version</c>): v2 &gt; v1 &gt; v1beta2 &gt; v1alpha1 &gt; anything else, by name backwards.</summary>
internal static partial class KubeVersions
{
    public static readonly IComparer<string> Order = Comparer<string>.Create(Compare);

    private static int Compare(string a, string b)
    {
        if (a == b) return 0;
        var (x, y) = (Version().Match(a), Version().Match(b));
        if (!x.Success || !y.Success) return x.Success == y.Success ? string.CompareOrdinal(b, a) : x.Success ? 1 : -1;
        var (ranked, other) = (Rank(x), Rank(y));
        return ranked.CompareTo(other);
    }

    private static (int Stability, long Major, long Minor) Rank(Match m) =>
        (m.Groups[2].Value switch { "" => 2, "beta" => 1, _ => 0 }, Number(m.Groups[1].Value), Number(m.Groups[3].Value));

    private static long Number(string digits) => digits.Length == 0 ? 0 : long.TryParse(digits, out var n) ? n : long.MaxValue;

    [GeneratedRegex(@"^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Version();
}
