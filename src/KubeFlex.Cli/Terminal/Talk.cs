namespace KubeFlex.Cli.Terminal;

/// <summary>What is said on stderr. Data goes to stdout and never through here.</summary>
/// <param name="error">Where it is said.</param>
/// <param name="isTerminal">Whether that is a terminal.</param>
/// <param name="chatty">Whether progress is told.</param>
/// <param name="verbosity">1 explains, 2 shows requests.</param>
/// <param name="time">Clock of the spinner.</param>
/// <param name="columns">Width of the terminal as it is now; 0 for not known.</param>
internal sealed class Talk(TextWriter error, bool isTerminal, bool chatty, int verbosity, TimeProvider time, Func<int>? columns = null)
{
    private const string EraseLine = "\r\u001b[K";
    private readonly Lock gate = new();
    private Step? current;

    /// <summary>News about what goes on; silent without --chatty-status.</summary>
    public void Say(string text)
    {
        if (chatty) Line(text);
    }

    /// <summary>Something was achieved.</summary>
    public void Done(string text) => Say($"✔ {text}");

    /// <summary>Something to know in any case.</summary>
    public void Warn(string text) => Line($"warning: {text}");

    /// <summary>Why something was chosen; with -v 1.</summary>
    public void Explain(string text)
    {
        if (verbosity >= 1) Line(text);
    }

    /// <summary>Every request; with -v 2.</summary>
    public void Trace(string text) => Line(text);

    /// <summary>Something that takes a while: a spinner on a terminal, a line per piece of news elsewhere. Dispose ends it.</summary>
    public Step Begin(string text)
    {
        var step = new Step(this, text);
        if (!chatty) return step;
        lock (gate)
        {
            current = step;
            if (!isTerminal) error.WriteLine($"{text} ...");
        }
        if (isTerminal) step.Spin(time);
        return step;
    }

    private void Line(string text)
    {
        lock (gate)
        {
            if (isTerminal && current is not null) error.Write(EraseLine);
            error.WriteLine(text);
        }
    }

    /// <summary>A step under way.</summary>
    internal sealed class Step(Talk talk, string text) : IDisposable
    {
        private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(120);
        private ITimer? timer;
        private int frame;
        private string text = text;

        /// <summary>What is being waited for now.</summary>
        public void Update(string news)
        {
            lock (talk.gate)
            {
                if (text == news) return;
                text = news;
                if (!IsSpinning && talk.current == this) talk.WritePlain(news);
            }
        }

        public void Dispose()
        {
            timer?.Dispose();
            lock (talk.gate)
            {
                if (talk.current != this) return;
                if (IsSpinning) talk.Erase();
                talk.current = null;
            }
        }

        internal void Spin(TimeProvider time) => timer = time.CreateTimer(_ => Draw(), null, TimeSpan.Zero, Beat);

        private bool IsSpinning => timer is not null;

        private void Draw()
        {
            lock (talk.gate)
            {
                if (talk.current == this) talk.Overwrite($"{"◐◓◑◒"[frame++ % 4]} {text}");
            }
        }
    }

    private void WritePlain(string text) => error.WriteLine($"{text} ...");

    private void Erase() => error.Write(EraseLine);

    // Erasing reaches one line only: what is longer than that would be left behind with each beat.
    private void Overwrite(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        if (columns?.Invoke() is > 1 and var width && line.Length >= width) line = $"{line.AsSpan(0, width - 2)}…";
        error.Write($"{EraseLine}{line}");
    }
}
