using KubeFlex.Server.Processes;

namespace KubeFlex.Server.Tests.Processes;

public sealed class ProcessLogTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-log-");

    private string File => Path.Combine(directory.FullName, "a.log");

    public void Dispose() => directory.Delete(true);

    [Fact]
    public void Its_size_is_bounded_and_the_tail_reaches_back_over_files()
    {
        using var log = new ProcessLog(File, fileBytes: 1000);
        for (var i = 0; i < 1000; i++) log.Append($"line {i:d4}");
        var files = directory.GetFiles();
        Assert.InRange(files.Length, 1, 3);
        Assert.All(files, f => Assert.InRange(f.Length, 0, 1010));
        Assert.Equal(Enumerable.Range(850, 150).Select(i => $"line {i:d4}"), log.Tail(150));
        var all = log.Tail(0);
        Assert.Equal("line 0999", all[^1]);
        Assert.InRange(all.Count, 200, 310);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(files[0].FullName));
    }

    [Fact]
    public void It_goes_on_where_the_one_before_ended()
    {
        using (var before = new ProcessLog(File)) before.Append("one");
        using var log = new ProcessLog(File);
        log.Append("two");
        Assert.Equal(["one", "two"], log.Tail(10));
        Assert.Equal(["two"], log.Tail(1));
    }

    [Fact]
    public async Task A_follower_gets_every_line_once_and_hears_of_the_end()
    {
        var log = new ProcessLog(File);
        log.Append("before");
        var (tail, follower) = log.Follow(5);
        log.Append("after");
        log.Dispose();
        Assert.Equal(["before"], tail);
        Assert.Equal(["after"], await follower.Reader.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("E1122 23:21:55.000000   12345 run.go:72] \"command failed\" err=\"no\"|  stack", "\"command failed\" err=\"no\"")]
    [InlineData("I1122 23:21:55.000000 1 a.go:1] first|I1122 23:21:55.000001 1 a.go:1] second|kubeflex: it ended", "second")]
    [InlineData("Error: unknown flag: --x|usage", "Error: unknown flag: --x")]
    [InlineData("kubeflex: it ended", null)]
    public void Last_words_are_those_that_tell_why(string lines, string? expected)
    {
        using var log = new ProcessLog(File);
        foreach (var line in lines.Split('|')) log.Append(line);
        Assert.Equal(expected, log.LastWords());
    }
}
