using System.Net;
using KubeFlex.Operator.Runtimes;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>Notes what it is asked to run.</summary>
internal sealed class FakeProcessHost : IProcessHost
{
    public string? Refusal { get; set; }

    public int Port { get; set; } = 40001;

    public Dictionary<string, ProcessControlPlane> Running { get; } = [];

    public List<string> Deleted { get; } = [];

    public Task<string?> RefusalAsync(string? version, CancellationToken cancellation) => Task.FromResult(Refusal);

    public ValueTask<ProcessPlace> PlaceAsync(string name, CancellationToken cancellation) =>
        new(new ProcessPlace(new IPEndPoint(IPAddress.Loopback, Port), $"https://127.0.0.1:{Port}", $"/var/kf/{name}"));

    public Task EnsureAsync(ProcessControlPlane controlPlane, CancellationToken cancellation)
    {
        Running[controlPlane.Name] = controlPlane;
        return Task.CompletedTask;
    }

    public Task<string?> CheckAsync(string name, CancellationToken cancellation) => Task.FromResult(Running.ContainsKey(name) ? null : "not there");

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        Running.Remove(name);
        Deleted.Add(name);
        return Task.CompletedTask;
    }

    public void OnChange(Action<string> told)
    {
    }
}
