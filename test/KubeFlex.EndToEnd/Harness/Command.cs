using System.Diagnostics;
using System.Text;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>What a command answered.</summary>
internal sealed record CommandResult(string Line, int ExitCode, string Output, string Error)
{
    /// <summary>The output of a command that must succeed.</summary>
    public string Ok()
    {
        Assert.True(ExitCode == 0, $"{Line}\nended with {ExitCode}\n{Output}\n{Error}");
        return Output.TrimEnd('\n');
    }

    /// <summary>Everything a command that must fail said.</summary>
    public string Fails()
    {
        Assert.True(ExitCode != 0, $"{Line}\nshould have failed\n{Output}\n{Error}");
        Assert.DoesNotContain("   at KubeFlex", Output + Error, StringComparison.Ordinal);
        return Output + Error;
    }
}

/// <summary>Runs a program to its end, with a limit that turns a hang into a failure that shows what was said so far.</summary>
internal static class Command
{
    /// <summary>Only a hang takes that long: a busy machine is no failure.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> args, IReadOnlyDictionary<string, string?> environment,
        string? input = null, TimeSpan? limit = null, string? directory = null)
    {
        using var running = Start(program, args, environment, directory);
        if (input is not null) await running.Process.StandardInput.WriteAsync(input);
        running.Process.StandardInput.Close();
        return await running.EndAsync(limit ?? Patience);
    }

    public static RunningCommand Start(string program, IReadOnlyList<string> args, IReadOnlyDictionary<string, string?> environment, string? directory = null)
    {
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new RunningCommand(Process.Start(start)!, $"{Path.GetFileName(program)} {string.Join(' ', args)}");
    }
}

/// <summary>A program that runs.</summary>
internal sealed class RunningCommand : IDisposable
{
    private readonly StringBuilder output = new(), error = new();
    private readonly string line;
    private readonly Lock gate = new();
    private readonly List<(Func<string, bool> Test, TaskCompletionSource<string> Source)> waiters = [];

    public RunningCommand(Process process, string line)
    {
        (Process, this.line) = (process, line);
        process.OutputDataReceived += (_, e) => Take(output, e.Data);
        process.ErrorDataReceived += (_, e) => Take(error, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public string Said
    {
        get { lock (gate) return $"{output}{error}"; }
    }

    /// <summary>Waits for a line on standard output or error.</summary>
    public async Task<string> LineAsync(Func<string, bool> test, TimeSpan? limit = null)
    {
        var source = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            var seen = $"{output}{error}".Split('\n').FirstOrDefault(l => l.Length > 0 && test(l));
            if (seen is not null) return seen;
            waiters.Add((test, source));
        }
        try
        {
            return await source.Task.WaitAsync(limit ?? Command.Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{line}\nnever said what was waited for:\n{Said}");
        }
    }

    public async Task<CommandResult> EndAsync(TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        try
        {
            await Process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{line}\ndid not end within {limit.TotalSeconds} s:\n{Said}");
        }
        lock (gate) return new CommandResult(line, Process.ExitCode, output.ToString(), error.ToString());
    }

    public void Dispose()
    {
        if (!Process.HasExited) Process.Kill(entireProcessTree: true);
        Process.Dispose();
    }

    private void Take(StringBuilder to, string? text)
    {
        if (text is null) return;
        lock (gate)
        {
            to.Append(text).Append('\n');
            foreach (var (test, source) in waiters.Where(w => w.Test(text)).ToList()) source.TrySetResult(text);
        }
    }
}
