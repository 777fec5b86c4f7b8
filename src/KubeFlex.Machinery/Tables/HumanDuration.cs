using System.Globalization;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tables;

/// <summary>Ages as kubectl shows them (<c>apimachinery/pkg/util/duration</c>): two units while they matter, then one.</summary>
public static class HumanDuration
{
    /// <summary>The duration in words such as <c>3m20s</c>, <c>47h</c>, <c>2y5d</c>; more than a second before zero is <c>&lt;invalid&gt;</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        if (seconds < -1) return "<invalid>";
        if (seconds < 0) return "0s";
        if (seconds < 60 * 2) return $"{seconds}s";
        var minutes = seconds / 60;
        if (minutes < 10) return Two(minutes, 'm', seconds % 60, 's');
        if (minutes < 60 * 3) return $"{minutes}m";
        var hours = minutes / 60;
        if (hours < 8) return Two(hours, 'h', minutes % 60, 'm');
        if (hours < 48) return $"{hours}h";
        if (hours < 24 * 8) return Two(hours / 24, 'd', hours % 24, 'h');
        if (hours < 24 * 365 * 2) return $"{hours / 24}d";
        if (hours < 24 * 365 * 8) return Two(hours / 24 / 365, 'y', hours / 24 % 365, 'd');
        return $"{hours / 24 / 365}y";
    }

    /// <summary>How long ago an RFC 3339 time was; <paramref name="absent"/> when there is none.</summary>
    public static string Since(string? time, DateTimeOffset now, string absent = "<unknown>") =>
        Parse(time) is { } then ? Format(now - then) : absent;

    internal static string Since(JsonNode? time, DateTimeOffset now, string absent = "<unknown>") => Since(time.AsString(), now, absent);

    internal static DateTimeOffset? Parse(string? time) =>
        time is { Length: > 0 } && DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var t) ? t : null;

    private static string Two(long large, char largeUnit, long small, char smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";
}
