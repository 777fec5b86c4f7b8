using System.Globalization;
using System.Numerics;
using KubeFlex.Machinery.Kinds;

namespace KubeFlex.Machinery.Tests.Kinds;

public class QuantityTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("1000m", "1")]
    [InlineData("0.5", "500m")]
    [InlineData("1024Mi", "1Gi")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("0.5Ki", "512")]
    [InlineData("1000Ki", "1000Ki")]
    [InlineData("1000k", "1M")]
    [InlineData("1500k", "1500k")]
    [InlineData("1e3", "1e3")]
    [InlineData("12e2", "1200")]
    [InlineData("100e1", "1e3")]
    [InlineData("0.0000000001", "1n")]
    [InlineData("-1.5", "-1500m")]
    [InlineData("+4", "4")]
    [InlineData(".5", "500m")]
    [InlineData("5.", "5")]
    [InlineData("128974848", "128974848")]
    [InlineData("1E", "1E")]
    public void Canonical_forms(string text, string canonical) => Assert.Equal(canonical, Quantity.Canonical(text));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("1.2.3")]
    [InlineData("1 Gi")]
    [InlineData("1gi")]
    [InlineData("1Mi5")]
    [InlineData("--1")]
    [InlineData("1ex")]
    [InlineData(".")]
    public void Others_are_none(string text) => Assert.Null(Quantity.Canonical(text));

    [Fact]
    public void Printing_and_reading_again_is_the_same_and_order_is_that_of_numbers()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        string[] suffixes = ["n", "u", "m", "", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-3"];
        for (var i = 0; i < 3000; i++)
        {
            var (a, b) = (Make(random, suffixes), Make(random, suffixes));
            var because = $"seed {seed}, {a.Text}, {b.Text}";
            Assert.True(Quantity.TryParse(a.Text, out var x), because);
            Assert.True(Quantity.TryParse(b.Text, out var y), because);
            // A binary amount that no Ki divides is printed without a suffix and read back as a decimal one: the amount counts, not the family.
            Assert.True(Quantity.TryParse(x.ToString(), out var again) && again == x && (again.Format != x.Format || again.ToString() == x.ToString()), because);
            Assert.True(Math.Sign(x.CompareTo(y)) == Math.Sign(a.Nanos.CompareTo(b.Nanos)), because);
            Assert.True(Quantity.TryParse((x + y).ToString(), out var sum) && (sum - y) == x, because);
        }
    }

    [Fact]
    public void Values_round_up() => Assert.Equal((2L, 1500L), (Quantity.ParseOrZero("1500m").Value, Quantity.ParseOrZero("1500m").MilliValue));

    // An independent reading: digits times a power, in billionths.
    private static (string Text, BigInteger Nanos) Make(Random random, string[] suffixes)
    {
        var suffix = suffixes[random.Next(suffixes.Length)];
        var whole = random.NextInt64(0, 1_000_000);
        // No fraction where a billionth could not hold it.
        var fraction = suffix is "n" or "u" or "m" or "e-3" ? "" : "." + random.Next(0, 1000).ToString("000", CultureInfo.InvariantCulture);
        var thousandths = whole * 1000 + (fraction.Length == 0 ? 0 : int.Parse(fraction[1..], CultureInfo.InvariantCulture));
        BigInteger unit = suffix switch
        {
            "n" => 1, "u" => 1_000, "m" or "e-3" => 1_000_000, "" => 1_000_000_000, "k" or "e3" => 1_000_000_000_000, "M" => BigInteger.Pow(10, 15),
            "G" => BigInteger.Pow(10, 18), "T" => BigInteger.Pow(10, 21), "Ki" => 1_000_000_000 * BigInteger.Pow(2, 10),
            "Mi" => 1_000_000_000 * BigInteger.Pow(2, 20), "Gi" => 1_000_000_000 * BigInteger.Pow(2, 30), _ => 1_000_000_000 * BigInteger.Pow(2, 40),
        };
        return ($"{whole}{fraction}{suffix}", thousandths * unit / 1000);
    }
}
