using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace KubeFlex.Server.Processes;

/// <summary>Keeps one program running: started again when it ends, with growing delays while it does so soon after its start.</summary>
/// <param name="name">Its name.</param>
/// <param name="start">How to start it; asked each time.</param>
/// <param name="obstacle">Why it need not be tried now, or null.</param>
/// <param name="log">What it writes goes here.</param>
/// <param name="pidFile">Where it is remembered.</param>
/// <param name="spawner">Starts it.</param>
/// <param name="time">Clock.</param>
/// <param name="changed">Called when it started or ended.</param>
internal sealed class SupervisedProgram(string name, Func<ProcessStartInfo> start, Func<string?> obstacle, ProcessLog log, string pidFile, Spawner spawner, TimeProvider time, Action changed)
{
    /// <summary>Begins each line of the log that is ours.</summary>
    public const string Remark = "kubeflex: ";

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(500), LongestDelay = TimeSpan.FromMinutes(1);

    /// <summary>One that ran this long has not failed to start.</summary>
    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(1);

    /// <summary>How long it may take to end when asked.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private volatile string? trouble;
    private long startedAt;
    private volatile Process? running;

    /// <summary>Why it does not run, or ended again soon after its start; null when it is not known to be in trouble.</summary>
    public string? Trouble => trouble;

    /// <summary>How often in a row it ended soon after its start.</summary>
    public int Failures { get; private set; }

    /// <summary>Whether its process is there.</summary>
    public bool IsRunning => running is not null;

    /// <summary>How long its process has been there.</summary>
    public TimeSpan Uptime => IsRunning ? time.GetElapsedTime(Volatile.Read(ref startedAt)) : TimeSpan.Zero;

    /// <summary>Ends the process as if it had crashed: it is started again.</summary>
    public void Kill(string why)
    {
        log.Append($"{Remark}{name} is killed: {why}");
        try
        {
            running?.Kill();
        }
        catch (InvalidOperationException)
        {
            // Just ended by itself.
        }
    }

    /// <summary>Until cancelled; then the program is asked to end, and made to.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var began = time.GetTimestamp();
            var end = obstacle() ?? await OnceAsync(cancellation);
            if (cancellation.IsCancellationRequested) return;
            Failures = time.GetElapsedTime(began) >= Stable ? 1 : Failures + 1;
            var delay = TimeSpan.FromTicks(Math.Min(LongestDelay.Ticks, FirstDelay.Ticks << Math.Min(Failures - 1, 10)));
            log.Append(string.Create(CultureInfo.InvariantCulture, $"{Remark}{time.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ} {end}; it is started again in {delay.TotalSeconds:0.#} s"));
            trouble = $"{end}; it is started again with growing delays{(log.LastWords() is { } words ? $". Its last words: {words}" : "")}";
            changed();
            try
            {
                await Task.Delay(delay, time, cancellation);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>It serves: what was before is forgotten.</summary>
    public void Clear() => trouble = null;

    // Answers how it ended.
    private async Task<string> OnceAsync(CancellationToken cancellation)
    {
        Process process;
        try
        {
            process = await spawner.StartAsync(start());
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            return $"{name} cannot be started: {e.Message}";
        }
        using (process)
        {
            Remember(process.Id);
            log.Append(string.Create(CultureInfo.InvariantCulture, $"{Remark}{time.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ} {name} is started as process {process.Id}"));
            // The guard watches this pipe; without one the program has no use for it.
            if (!Supervise.NeedsGuard) process.StandardInput.Close();
            startedAt = time.GetTimestamp();
            running = process;
            var (output, error) = (DrainAsync(process.StandardOutput.BaseStream), DrainAsync(process.StandardError.BaseStream));
            changed();
            try
            {
                await process.WaitForExitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                await StopAsync(process);
            }
            running = null;
            // A guard that was killed may have left its program behind.
            if (Supervise.NeedsGuard && !OperatingSystem.IsWindows()) Unix.Signal(-process.Id, Unix.SigKill);
            // The rest of what it said; not for ever, should something else hold the pipe open.
            await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(Grace, time, CancellationToken.None));
            File.Delete(pidFile);
            return process.ExitCode > 128 ? $"{name} was ended by signal {process.ExitCode - 128}" : $"{name} ended with exit code {process.ExitCode}";
        }
    }

    private void Remember(int pid)
    {
        try
        {
            PidFile.Write(pidFile, pid);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only the second of two nets: the kernel or the guard ends it with us.
            log.Append($"{Remark}{name} cannot be remembered for the next start of the server: {e.Message}");
        }
    }

    private async Task StopAsync(Process process)
    {
        if (!OperatingSystem.IsWindows()) Unix.Signal(process.Id, Unix.SigTerm);
        using var patience = new CancellationTokenSource(Grace, time);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task DrainAsync(Stream stream)
    {
        var (buffer, line) = (new byte[8192], new MemoryStream());
        for (int got; (got = await stream.ReadAsync(buffer, CancellationToken.None)) > 0;)
        {
            for (var rest = buffer.AsMemory(0, got); rest.Length > 0;)
            {
                var end = rest.Span.IndexOf((byte)'\n');
                line.Write(rest.Span[..(end < 0 ? rest.Length : end)]);
                rest = rest[(end < 0 ? rest.Length : end + 1)..];
                if (end >= 0 || line.Length >= ProcessLog.LineBytes) Flush(line);
            }
        }
        if (line.Length > 0) Flush(line);
    }

    private void Flush(MemoryStream line)
    {
        log.Append(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r'));
        line.SetLength(0);
    }
}
