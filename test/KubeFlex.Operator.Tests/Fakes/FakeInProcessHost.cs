using System.Collections.Concurrent;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Runtime.Certificates;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>Plays the server: remembers what runs, insists on the order that the contract names.</summary>
internal sealed class FakeInProcessHost(Func<string, bool> hasCertificates) : IInProcessHost
{
    private static readonly string ServerCa = MakeCa();

    public ConcurrentDictionary<string, string> Running { get; } = new();

    public ConcurrentQueue<string> Calls { get; } = new();

    public string? NotServing { get; set; }

    public Exception? DeleteFails { get; set; }

    /// <summary>What Ensure takes its time for.</summary>
    public Func<Task> EnsureWaits { get; set; } = () => Task.CompletedTask;

    public int Port { get; set; } = 9443;

    public InProcessEndpoint Endpoint(string name) => new($"https://127.0.0.1:{Port}/controlplanes/{name}", $"{name}.localtest.me", ServerCa);

    public async Task EnsureAsync(string name, string backend, CancellationToken cancellation)
    {
        Calls.Enqueue($"ensure {name}");
        if (!hasCertificates(name)) throw new InvalidOperationException($"k8s-certs of {name} must exist before Ensure");
        await EnsureWaits();
        Running[name] = backend;
    }

    public Task<string?> CheckAsync(string name, CancellationToken cancellation)
    {
        Calls.Enqueue($"check {name}");
        return Task.FromResult(Running.ContainsKey(name) ? NotServing : "it does not run");
    }

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        Calls.Enqueue($"delete {name}");
        if (DeleteFails is not null) throw DeleteFails;
        Running.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    private static string MakeCa()
    {
        using var authority = CertificateAuthority.Create("server", TimeProvider.System);
        return authority.CertificatePem;
    }
}
