using KubeFlex.History.Checking;

namespace KubeFlex.History.Tests.Checking;

public sealed class HistoryCheckerTests(ITestOutputHelper output)
{
    [Fact]
    public void Valid_histories_pass()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seeds from {seed}");
        for (var i = 0; i < 150; i++)
        {
            var shape = new Random(seed + i);
            var history = new HistoryGenerator(seed + i, shape.Next(20, 900), shape.Next(1, 12), shape.Next(1, 12)).Make();
            var report = HistoryChecker.Check(history);
            Assert.True(report.Count == 0, $"seed {seed + i}: {report}");
        }
    }

    public static TheoryData<string> Errors => [.. PlantedErrors.All.Keys];

    [Theory]
    [MemberData(nameof(Errors))]
    public void Planted_errors_are_found(string error)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seeds from {seed}");
        var (found, plant) = PlantedErrors.All[error];
        var planted = 0;
        for (var i = 0; i < 60 && planted < 15; i++)
        {
            if (plant(new HistoryGenerator(seed + i).Make(), new(i)) is not { } history) continue;
            planted++;
            var report = HistoryChecker.Check(history);
            Assert.True(report.Violations.Any(violation => found.Contains(violation.Kind)), $"seed {seed + i}: {error} was not found; {report}");
        }
        Assert.True(planted >= 5, $"only {planted} histories had a place for it");
    }

    [Theory]
    // A write of unknown outcome explains a value, and need not explain anything.
    [InlineData(true, "w a 0-10 / r a 11-12")]
    [InlineData(true, "w a 0-? / r - 5-6 / r a 7-8")]
    [InlineData(false, "w a 0-? / r a 5-6 / r - 7-8")]
    // Overlapping writes come in either order, but in one and the same for everybody.
    [InlineData(true, "w a 0-10 / w b 0-10 / r a 11-12 / r a 13-14")]
    [InlineData(false, "w a 0-10 / w b 0-10 / r a 11-12 / r b 13-14")]
    [InlineData(false, "w a 0-10 / w b 11-12 / r a 13-14")]
    // Conditions.
    [InlineData(true, "c -a 0-10 / c ab 11-12 / r b 13-14")]
    [InlineData(false, "c -a 0-10 / c -b 0-10")]
    [InlineData(false, "w a 0-10 / f a 11-12")]
    [InlineData(true, "w a 0-10 / f a 5-12")]
    public void Orders_of_one_key_are_found_without_revisions(bool explained, string text) =>
        Assert.Equal(explained, LinearSearch.Explains([.. text.Split(" / ").Select(Step)]));

    private static KeyStep Step(string text)
    {
        var (kind, value, times) = text.Split(' ') is [var k, var v, var t] ? (k, v, t.Split('-')) : throw new FormatException(text);
        var (invoked, returned) = (long.Parse(times[0], null), times[1] == "?" ? long.MaxValue : long.Parse(times[1], null));
        static string? Value(string text) => text == "-" ? null : text;
        return kind switch
        {
            "w" => new(invoked, returned, true, null, false, true, Value(value)),
            "c" => new(invoked, returned, false, Value(value[..1]), false, true, Value(value[1..])),
            "f" => new(invoked, returned, false, Value(value), true, false, null),
            _ => new(invoked, returned, false, Value(value), false, false, null),
        };
    }
}
