using KubeFlex.Cli.Terminal;

namespace KubeFlex.Cli.Tests.Terminal;

public sealed class TerminalTests
{
    [Theory]
    [InlineData("90", 90.0)]
    [InlineData("1h30m", 5400.0)]
    [InlineData("1.5s", 1.5)]
    [InlineData("500ms", 0.5)]
    [InlineData("", null)]
    [InlineData("m", null)]
    [InlineData("5 m", null)]
    [InlineData("-5s", null)]
    [InlineData("99999999999999999999h", null)]
    public void Durations_are_read_as_people_type_them(string text, double? seconds) => Assert.Equal(seconds, Durations.Parse(text)?.TotalSeconds);

    [Theory]
    [InlineData(600, "10m")]
    [InlineData(3600, "1h")]
    [InlineData(5400.5, "1h30m500ms")]
    [InlineData(365 * 86400, "365d")]
    [InlineData(0, "0s")]
    public void Durations_show_as_people_type_them(double seconds, string expected)
    {
        Assert.Equal(expected, Durations.Text(TimeSpan.FromSeconds(seconds)));
        Assert.Equal(seconds, Durations.Parse(expected)?.TotalSeconds);
        Assert.Equal(expected, Durations.Option("--timeout", TimeSpan.FromSeconds(seconds), "").GetDefaultValue()?.ToString());
    }

    // From the documentation of k8s.io/apimachinery/pkg/util/duration and what kubectl prints.
    [Theory]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(125, "2m5s")]
    [InlineData(600, "10m")]
    [InlineData(10799, "179m")]
    [InlineData(10800, "3h")]
    [InlineData(12600, "3h30m")]
    [InlineData(172799, "47h")]
    [InlineData(172800, "2d")]
    [InlineData(176400, "2d1h")]
    [InlineData(691200, "8d")]
    [InlineData(63072000, "2y")]
    [InlineData(-5, "<invalid>")]
    public void Ages_look_like_kubectls(int seconds, string expected) => Assert.Equal(expected, Durations.Age(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void A_terminal_gets_a_spinner_that_leaves_no_trace()
    {
        using var error = new StringWriter();
        var talk = new Talk(error, isTerminal: true, chatty: true, verbosity: 0, new StillTime());
        using (talk.Begin("Waiting")) talk.Say("news");
        talk.Done("Ready");
        Assert.Equal("\r\u001b[K◐ Waiting\r\u001b[Knews\n\r\u001b[K✔ Ready\n", error.ToString());
    }

    [Theory]
    [InlineData(12, "◐ Waiting …")]
    [InlineData(13, "◐ Waiting f…")]
    [InlineData(80, "◐ Waiting for two lines")]
    [InlineData(0, "◐ Waiting for two lines")]
    public void What_is_erased_later_takes_one_line_of_the_terminal(int columns, string expected)
    {
        using var error = new StringWriter();
        new Talk(error, isTerminal: true, chatty: true, verbosity: 0, new StillTime(), () => columns).Begin("Waiting for two\nlines").Dispose();
        Assert.Equal($"\r\u001b[K{expected}\r\u001b[K", error.ToString());
    }

    [Fact]
    public void Elsewhere_each_piece_of_news_is_one_line()
    {
        using var error = new StringWriter();
        var talk = new Talk(error, isTerminal: false, chatty: true, verbosity: 0, TimeProvider.System);
        using (var step = talk.Begin("Waiting"))
        {
            step.Update("Waiting: a");
            step.Update("Waiting: a");
        }
        Assert.Equal("Waiting ...\nWaiting: a ...\n", error.ToString());
    }

    [Fact]
    public void Silence_is_kept_but_for_warnings()
    {
        using var error = new StringWriter();
        var talk = new Talk(error, isTerminal: true, chatty: false, verbosity: 0, new StillTime());
        using (var step = talk.Begin("Waiting")) step.Update("more");
        talk.Done("Ready");
        talk.Warn("careful");
        Assert.Equal("warning: careful\n", error.ToString());
    }

    /// <summary>A timer's first tick comes at once, the next never.</summary>
    private sealed class StillTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            callback(state);
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
