using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace KubeFlex.Cli.Terminal;

/// <summary>Spans of time as people type them (Go's durations) and as kubectl prints ages.</summary>
internal static partial class Durations
{
    /// <summary>An option such as <c>--timeout 90s</c>.</summary>
    public static Option<Duration> Option(string name, TimeSpan standard, string description) => new(name)
    {
        Description = description,
        HelpName = "duration",
        DefaultValueFactory = _ => new(standard),
        CustomParser = result => new(Parse(result)),
    };

    /// <summary>As <see cref="Parse(string)"/> reads it, in whole milliseconds: <c>1h30m</c>.</summary>
    public static string Text(TimeSpan span)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Part(span.Days, "d")}{Part(span.Hours, "h")}{Part(span.Minutes, "m")}{Part(span.Seconds, "s")}{Part(span.Milliseconds, "ms")}");
        return text.Length == 0 ? "0s" : text;

        static string Part(int number, string unit) => number == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{number}{unit}");
    }

    /// <summary>Reads <c>1h30m</c>, <c>90s</c>, <c>500ms</c>, <c>30d</c> (which Go does not) or a bare number of seconds; null for anything else.</summary>
    public static TimeSpan? Parse(string text)
    {
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e9) return TimeSpan.FromSeconds(seconds);
        var match = Go().Match(text);
        if (!match.Success || text.Length == 0) return null;
        var total = TimeSpan.Zero;
        for (var i = 0; i < match.Groups[1].Captures.Count; i++)
        {
            var value = double.Parse(match.Groups[1].Captures[i].Value, CultureInfo.InvariantCulture);
            if (value > 1e6) return null;
            total += match.Groups[2].Captures[i].Value switch
            {
                "d" => TimeSpan.FromDays(value),
                "h" => TimeSpan.FromHours(value),
                "m" => TimeSpan.FromMinutes(value),
                "s" => TimeSpan.FromSeconds(value),
                _ => TimeSpan.FromMilliseconds(value),
            };
        }
        return total;
    }

    /// <summary>kubectl's ages: two units while the larger is small (<c>duration.HumanDuration</c>).</summary>
    public static string Age(TimeSpan age)
    {
        var seconds = (long)age.TotalSeconds;
        if (seconds < -1) return "<invalid>";
        if (seconds < 0) return "0s";
        if (seconds < 120) return $"{seconds}s";
        long minutes = seconds / 60, hours = seconds / 3600, days = hours / 24;
        if (minutes < 10) return Two(minutes, "m", seconds % 60, "s");
        if (minutes < 180) return $"{minutes}m";
        if (hours < 8) return Two(hours, "h", minutes % 60, "m");
        if (hours < 48) return $"{hours}h";
        if (hours < 192) return Two(days, "d", hours % 24, "h");
        if (days < 730) return $"{days}d";
        return days < 2920 ? Two(days / 365, "y", days % 365, "d") : $"{days / 365}y";
    }

    private static string Two(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";

    private static TimeSpan Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Parse(text) is { } span && span > TimeSpan.Zero) return span;
        result.AddError($"\"{text}\" is not a duration. Examples: 30s, 5m, 1h30m");
        return default;
    }

    [GeneratedRegex(@"^(?:(\d+(?:\.\d+)?)(ms|d|h|m|s))+$", RegexOptions.CultureInvariant)]
    private static partial Regex Go();
}

/// <summary>The value of an option of <see cref="Durations.Option"/>: help shows a default as people would type it.</summary>
internal readonly record struct Duration(TimeSpan Span)
{
    public static implicit operator TimeSpan(Duration duration) => duration.Span;

    /// <inheritdoc/>
    public override string ToString() => Durations.Text(Span);
}
