namespace KubeFlex.History.Checking;

/// <summary>One key's request in the search: when, what it needs to find and what it leaves. <paramref name="Blind"/>: it needs nothing; <paramref name="NeedsNot"/>: anything but what it names.</summary>
internal sealed record KeyStep(long Invoked, long Returned, bool Blind, string? Needs, bool NeedsNot, bool Writes, string? Leaves);

/// <summary>
/// Linearizability of one key without looking at revisions: the search of Wing and Gong with Lowe's memory of visited states. It walks the requests that
/// may come next (those invoked before the first open answer), applies one, and goes back when it is stuck; a set of requests already placed together
/// with the value they left is tried once. Example: put a [0, 10], put b [5, 15], get = a [20, 25] is explained by b before a.
/// </summary>
internal static class LinearSearch
{
    public static bool Explains(IReadOnlyList<KeyStep> unordered)
    {
        var steps = unordered.OrderBy(step => step.Invoked).ToArray();
        var placed = new bool[steps.Length];
        var visited = new HashSet<(string, string?)>();
        // What is chosen, the state before it, and where its search goes on.
        var path = new Stack<(int Step, string? Before, int First)>();
        string? state = null;
        var first = 0;
        var next = 0;
        while (true)
        {
            if (path.Count == steps.Length) return true;
            var chosen = -1;
            var horizon = Horizon(steps, placed, first);
            for (var i = Math.Max(next, first); i < steps.Length && steps[i].Invoked <= horizon; i++)
            {
                if (placed[i] || !Fits(steps[i], state)) continue;
                placed[i] = true;
                var after = steps[i].Writes ? steps[i].Leaves : state;
                if (visited.Add((Key(placed, first, path.Count + 1), after)))
                {
                    chosen = i;
                    path.Push((i, state, first));
                    state = after;
                    break;
                }
                placed[i] = false;
            }
            if (chosen >= 0)
            {
                while (first < steps.Length && placed[first]) first++;
                next = 0;
                continue;
            }
            if (path.Count == 0) return false;
            (next, state, first) = path.Pop();
            placed[next] = false;
            next++;
        }
    }

    /// <summary>The first answer among those not placed: what began after it cannot come before it.</summary>
    private static long Horizon(KeyStep[] steps, bool[] placed, int first)
    {
        var horizon = long.MaxValue;
        for (var i = first; i < steps.Length && steps[i].Invoked <= horizon; i++)
        {
            if (!placed[i]) horizon = Math.Min(horizon, steps[i].Returned);
        }
        return horizon;
    }

    private static bool Fits(KeyStep step, string? state) => step.Blind || (step.Needs == state) != step.NeedsNot;

    /// <summary>Which are placed: all before the first open one, and these. Few, since only so many run at once.</summary>
    private static string Key(bool[] placed, int first, int count)
    {
        while (first < placed.Length && placed[first]) first++;
        var key = new System.Text.StringBuilder().Append(first);
        for (int i = first, left = count - first; left > 0; i++)
        {
            if (!placed[i]) continue;
            key.Append(',').Append(i);
            left--;
        }
        return key.ToString();
    }
}
