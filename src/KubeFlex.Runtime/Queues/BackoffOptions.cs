namespace KubeFlex.Runtime.Queues;

/// <summary>Exponential back-off: <see cref="Initial"/> · 2^failures, at most <see cref="Maximum"/>.</summary>
public sealed record BackoffOptions
{
    /// <summary>First delay. Short, because most failures are conflicts that a second look solves.</summary>
    public TimeSpan Initial { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longest delay: what is broken for long is looked at this often.</summary>
    public TimeSpan Maximum { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The delay after so many failures in a row (0 for the first).</summary>
    public TimeSpan Delay(int failures)
    {
        // 2^31 · Initial overflows no double; ticks would overflow a long.
        var ticks = Initial.Ticks * Math.Pow(2, Math.Min(failures, 31));
        return ticks >= Maximum.Ticks ? Maximum : TimeSpan.FromTicks((long)ticks);
    }
}
