using System.Globalization;

namespace KubeFlex.Machinery.Kinds;

/// <summary>Checks the syntax of a cron schedule in the words of the parser that upstream uses (robfig/cron v3, five fields or a descriptor).</summary>
internal static class CronSchedule
{
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>What is wrong, or null.</summary>
    internal static string? Error(string schedule)
    {
        if (schedule.StartsWith("TZ=", StringComparison.Ordinal) || schedule.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var blank = schedule.IndexOf(' ', StringComparison.Ordinal);
            if (blank < 0) return "provided bad location " + schedule;
            schedule = schedule[blank..].Trim();
        }
        if (schedule.StartsWith('@')) return Descriptor(schedule);
        var fields = schedule.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5) return $"expected exactly 5 fields, found {fields.Length}: [{string.Join(' ', fields)}]";
        return Field(fields[0], 0, 59, []) ?? Field(fields[1], 0, 23, []) ?? Field(fields[2], 1, 31, [])
            ?? Field(fields[3], 1, 12, Months) ?? Field(fields[4], 0, 6, Days);
    }

    private static string? Descriptor(string text)
    {
        if (text is "@yearly" or "@annually" or "@monthly" or "@weekly" or "@daily" or "@midnight" or "@hourly") return null;
        const string every = "@every ";
        if (!text.StartsWith(every, StringComparison.Ordinal)) return "unrecognized descriptor: " + text;
        var duration = text[every.Length..];
        return IsDuration(duration) ? null : $"failed to parse duration {text}: time: invalid duration \"{duration}\"";
    }

    private static string? Field(string field, int min, int max, string[] names)
    {
        foreach (var part in field.Split(',', StringSplitOptions.RemoveEmptyEntries))
            if (Range(part, min, max, names) is { } error) return error;
        return null;
    }

    private static string? Range(string text, int min, int max, string[] names)
    {
        var steps = text.Split('/');
        var ends = steps[0].Split('-');
        int start, end;
        if (ends[0] is "*" or "?") (start, end) = (min, max);
        else
        {
            if (Number(ends[0], names, min, out start) is { } error) return error;
            end = start;
            if (ends.Length == 2)
            {
                if (Number(ends[1], names, min, out end) is { } second) return second;
            }
            else if (ends.Length > 2) return "too many hyphens: " + text;
        }
        var step = 1;
        if (steps.Length == 2)
        {
            if (Number(steps[1], [], 0, out step) is { } error) return error;
            if (ends.Length == 1) end = max;
        }
        else if (steps.Length > 2) return "too many slashes: " + text;
        if (start < min) return $"beginning of range ({start}) below minimum ({min}): {text}";
        if (end > max) return $"end of range ({end}) above maximum ({max}): {text}";
        if (start > end) return $"beginning of range ({start}) beyond end of range ({end}): {text}";
        return step == 0 ? "step of range should be a positive number: " + text : null;
    }

    private static string? Number(string text, string[] names, int first, out int value)
    {
        var name = System.Array.IndexOf(names, text.ToLowerInvariant());
        value = name + first;
        if (name >= 0) return null;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
            return $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax";
        return value < 0 ? $"negative number ({value}) not allowed: {text}" : null;
    }

    // 1h30m, 1.5s: numbers with units.
    private static bool IsDuration(string text)
    {
        var i = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        if (i == text.Length) return false;
        if (text[i..] == "0") return true;
        while (i < text.Length)
        {
            var start = i;
            while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] == '.')) i++;
            if (i == start) return false;
            var unit = i;
            while (i < text.Length && !char.IsAsciiDigit(text[i]) && text[i] != '.') i++;
            if (text[unit..i] is not ("ns" or "us" or "µs" or "ms" or "s" or "m" or "h")) return false;
        }
        return true;
    }
}
