using System.Globalization;
using System.Numerics;

namespace KubeFlex.Machinery.Kinds;

/// <summary>How a quantity writes its suffix.</summary>
public enum QuantityFormat
{
    /// <summary>n, u, m, none, k, M, G, T, P, E.</summary>
    DecimalSI,
    /// <summary>Ki, Mi, Gi, Ti, Pi, Ei.</summary>
    BinarySI,
    /// <summary>e3, e6 …</summary>
    DecimalExponent,
}

/// <summary>
/// An amount of a resource (<c>apimachinery/pkg/api/resource</c>), exact to a billionth, rounded up beyond that.
/// Its text is canonical: the largest suffix that leaves a whole number. <c>1000m</c> is <c>1</c>, <c>0.5</c> is <c>500m</c>, <c>1024Mi</c> is <c>1Gi</c>,
/// <c>1.5Gi</c> is <c>1536Mi</c>; a binary amount below 1024 or not whole is written in decimal (<c>0.5Ki</c> is <c>512</c>).
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    private static readonly BigInteger Billion = 1_000_000_000;
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    // Billionths: the smallest amount upstream keeps.
    private readonly BigInteger nanos;

    private Quantity(BigInteger nanos, QuantityFormat format) => (this.nanos, Format) = (nanos, format);

    /// <summary>What upstream answers to a text that is no quantity.</summary>
    public const string FormatError = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    /// <summary>Nothing.</summary>
    public static Quantity Zero => new(BigInteger.Zero, QuantityFormat.DecimalSI);

    /// <summary>The family of suffixes it is written in.</summary>
    public QuantityFormat Format { get; }

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => nanos.Sign;

    /// <summary>True for whole numbers.</summary>
    public bool IsWhole => (nanos % Billion).IsZero;

    /// <summary>The value, rounded up to a whole number and cut to the range of a long.</summary>
    public long Value => Clamp(Ceiling(nanos, Billion));

    /// <summary>The value in thousandths, rounded up and cut to the range of a long.</summary>
    public long MilliValue => Clamp(Ceiling(nanos, 1_000_000));

    /// <summary>A whole number.</summary>
    public static Quantity FromLong(long value, QuantityFormat format = QuantityFormat.DecimalSI) => new(value * Billion, format);

    /// <summary>Reads a quantity; false when the text is none (<see cref="FormatError"/>).</summary>
    public static bool TryParse(string text, out Quantity quantity)
    {
        quantity = default;
        var i = 0;
        var negative = false;
        if (i < text.Length && text[i] is '+' or '-') negative = text[i++] == '-';
        var digits = BigInteger.Zero;
        int scale = 0, count = 0;
        var dot = false;
        for (; i < text.Length; i++)
        {
            if (text[i] == '.')
            {
                if (dot) return false;
                dot = true;
            }
            else if (char.IsAsciiDigit(text[i]))
            {
                if (++count > 512) return false;
                digits = digits * 10 + (text[i] - '0');
                if (dot) scale++;
            }
            else break;
        }
        if (count == 0 || !Suffix(text.AsSpan(i), out var base2, out var base10, out var format)) return false;
        var power = base10 - scale + 9;
        var value = digits << base2;
        value = power >= 0 ? value * BigInteger.Pow(10, power) : Ceiling(value, BigInteger.Pow(10, -power));
        quantity = new Quantity(negative ? -value : value, format);
        return true;
    }

    /// <summary>Reads a quantity that is known to be one; anything else is zero.</summary>
    public static Quantity ParseOrZero(string text) => TryParse(text, out var q) ? q : Zero;

    /// <summary>The canonical text of a quantity, or null when the text is none.</summary>
    public static string? Canonical(string text) => TryParse(text, out var q) ? q.ToString() : null;

    /// <summary>Sum, in the format of the left operand (of the right one if the left is zero).</summary>
    public static Quantity operator +(Quantity left, Quantity right) => Add(left, right);

    /// <summary>Difference, in the format of the left operand.</summary>
    public static Quantity operator -(Quantity left, Quantity right) => Subtract(left, right);

    /// <summary>Sum, in the format of the left operand (of the right one if the left is zero).</summary>
    public static Quantity Add(Quantity left, Quantity right) => new(left.nanos + right.nanos, left.nanos.IsZero ? right.Format : left.Format);

    /// <summary>Difference, in the format of the left operand.</summary>
    public static Quantity Subtract(Quantity left, Quantity right) => new(left.nanos - right.nanos, left.nanos.IsZero ? right.Format : left.Format);

    /// <summary>Smaller.</summary>
    public static bool operator <(Quantity left, Quantity right) => left.nanos < right.nanos;

    /// <summary>Greater.</summary>
    public static bool operator >(Quantity left, Quantity right) => left.nanos > right.nanos;

    /// <summary>Smaller or equal.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left.nanos <= right.nanos;

    /// <summary>Greater or equal.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left.nanos >= right.nanos;

    /// <summary>Equal amounts, whatever their formats.</summary>
    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    /// <summary>Different amounts.</summary>
    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => nanos.CompareTo(other.nanos);

    /// <inheritdoc/>
    public bool Equals(Quantity other) => nanos.Equals(other.nanos);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity q && Equals(q);

    /// <inheritdoc/>
    public override int GetHashCode() => nanos.GetHashCode();

    /// <summary>The canonical text.</summary>
    public override string ToString()
    {
        if (nanos.IsZero) return "0";
        // Small or broken binary amounts have no exact binary suffix.
        var binary = Format == QuantityFormat.BinarySI && IsWhole && BigInteger.Abs(nanos) >= 1024 * Billion;
        if (binary)
        {
            var value = nanos / Billion;
            var step = 0;
            while (step < BinarySuffixes.Length - 1 && (value % 1024).IsZero) (value, step) = (value / 1024, step + 1);
            return value.ToString(CultureInfo.InvariantCulture) + BinarySuffixes[step];
        }
        var amount = nanos;
        var index = 0;
        while (index < DecimalSuffixes.Length - 1 && (amount % 1000).IsZero) (amount, index) = (amount / 1000, index + 1);
        var exponent = (index - 3) * 3;
        var suffix = Format == QuantityFormat.DecimalExponent ? exponent == 0 ? "" : $"e{exponent}" : DecimalSuffixes[index];
        return amount.ToString(CultureInfo.InvariantCulture) + suffix;
    }

    private static bool Suffix(ReadOnlySpan<char> suffix, out int base2, out int base10, out QuantityFormat format)
    {
        (base2, base10, format) = (0, 0, QuantityFormat.DecimalSI);
        if (suffix.IsEmpty) return true;
        var known = suffix switch
        {
            "n" => -9, "u" => -6, "m" => -3, "k" => 3, "M" => 6, "G" => 9, "T" => 12, "P" => 15, "E" => 18,
            _ => int.MinValue,
        };
        if (known != int.MinValue)
        {
            base10 = known;
            return true;
        }
        var binary = System.Array.IndexOf(BinarySuffixes, suffix.ToString());
        if (binary > 0)
        {
            (base2, format) = (binary * 10, QuantityFormat.BinarySI);
            return true;
        }
        if (suffix[0] is not ('e' or 'E') || !int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out base10)
            || Math.Abs(base10) > 512) return false;
        format = QuantityFormat.DecimalExponent;
        return true;
    }

    private static BigInteger Ceiling(BigInteger value, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(value, divisor, out var rest);
        return rest.Sign > 0 ? quotient + 1 : quotient;
    }

    private static long Clamp(BigInteger value) => value > long.MaxValue ? long.MaxValue : value < long.MinValue ? long.MinValue : (long)value;
}
