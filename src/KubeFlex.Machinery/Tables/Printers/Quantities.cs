using System.Globalization;

namespace KubeFlex.Machinery.Tables.Printers;

/// <summary>Quantities in canonical form (<c>1000m</c> is <c>1</c>, <c>1024Mi</c> is <c>1Gi</c>), as Go prints them.</summary>
internal static class Quantities
{
    private static readonly string[] Binary = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] Decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    /// <summary>The canonical text; what is no quantity stays as it is.</summary>
    public static string Canonical(string text)
    {
        var end = text.Length;
        while (end > 0 && char.IsAsciiLetter(text[end - 1])) end--;
        var (number, suffix) = (text[..end], text[end..]);
        if (!decimal.TryParse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)) return text;
        try
        {
            var (binary, scale) = (Array.IndexOf(Binary, suffix), Array.IndexOf(Decimal, suffix));
            if (suffix.Length == 2 && binary > 0) return Print(value, binary, Binary, 1024);
            return scale < 0 ? text : Print(value, scale, Decimal, 1000);
        }
        catch (OverflowException)
        {
            return text;
        }
    }

    private static string Print(decimal value, int scale, string[] suffixes, int factor)
    {
        if (value == 0) return "0";
        while (value != decimal.Truncate(value) && scale > 0) (value, scale) = (value * factor, scale - 1);
        value = value == decimal.Truncate(value) ? decimal.Truncate(value) : Math.Ceiling(value);
        while (value % factor == 0 && scale < suffixes.Length - 1) (value, scale) = (value / factor, scale + 1);
        return value.ToString("0", CultureInfo.InvariantCulture) + suffixes[scale];
    }
}
