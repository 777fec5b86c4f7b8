using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace KubeFlex.History.Driving;

/// <summary>A storage server of its own: a real process that can be killed, stopped and started again.</summary>
internal sealed class ServerProcess(string program, string datastore, string folder) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly StringBuilder said = new();
    private Process? process;
    private int starts;

    public string Program => program;

    public string Datastore => datastore;

    public string Folder => folder;

    public string Url { get; private set; } = "";

    public int Id => process!.Id;

    public bool Running => process is { HasExited: false };

    public string Said
    {
        get { lock (said) return said.ToString(); }
    }

    /// <summary>
    /// Starts it and waits until it answers. On a busy machine a database may be slow to answer, and a server that starts then ends and says so: whoever
    /// supervises it starts it again.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        for (var watch = Stopwatch.StartNew(); ; await KillAsync())
        {
            try
            {
                await StartOnceAsync(cancellation);
                return;
            }
            catch (InvalidOperationException) when (watch.Elapsed < StartLimit && Said.Contains("does not answer in time", StringComparison.Ordinal))
            {
                lock (said) said.Clear();
            }
        }
    }

    private async Task StartOnceAsync(CancellationToken cancellation)
    {
        // A server that is replaced while it dies must not write into its successor's file.
        var portFile = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"port-{Guid.NewGuid():N}-{starts++}"));
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = folder };
        foreach (var arg in (string[])["storage", "serve", "--datastore", datastore, "--listen-etcd", "http://127.0.0.1:0", "--port-file", portFile]) start.ArgumentList.Add(arg);
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, e) => Hear(e.Data);
        process.ErrorDataReceived += (_, e) => Hear(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        for (var watch = Stopwatch.StartNew(); !File.Exists(portFile); await Task.Delay(10, cancellation))
        {
            if (process.HasExited)
            {
                // Until all that it said has come.
                await process.WaitForExitAsync(cancellation);
                throw new InvalidOperationException($"the server ended with {process.ExitCode}:\n{Said}");
            }
            if (watch.Elapsed > StartLimit) throw new TimeoutException($"the server does not start:\n{Said}");
        }
        Url = $"http://127.0.0.1:{(await File.ReadAllTextAsync(portFile, cancellation)).Trim()}";
        File.Delete(portFile);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (process is null) return;
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    public Task PauseAsync() => SignalAsync("STOP");

    public Task ContinueAsync() => SignalAsync("CONT");

    /// <summary>Bytes that it holds in memory.</summary>
    public long ResidentBytes() => File.ReadLines($"/proc/{Id}/status").Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Select(line => long.Parse(line["VmRSS:".Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture) * 1024).FirstOrDefault();

    public async ValueTask DisposeAsync() => await KillAsync();

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        lock (said)
        {
            // The end tells.
            if (said.Length > 1 << 16) said.Remove(0, said.Length - (1 << 15));
            said.AppendLine(line);
        }
    }
}
