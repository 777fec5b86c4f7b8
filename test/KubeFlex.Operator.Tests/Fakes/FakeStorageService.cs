using KubeFlex.Operator.Runtimes.Pods.Storage.Service;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>A storage service in memory, which answers or does not.</summary>
internal sealed class FakeStorageService : IStorageService
{
    public HashSet<string> Stores { get; } = [];

    /// <summary>Every call, as "PUT name".</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Why it does not answer, or null.</summary>
    public string? Away { get; set; }

    public Task CreateAsync(string store, CancellationToken cancellation) => Answer($"PUT {store}", () => Stores.Add(store));

    public Task<bool> ExistsAsync(string store, CancellationToken cancellation) => Answer($"GET {store}", () => Stores.Contains(store));

    public Task DeleteAsync(string store, CancellationToken cancellation) => Answer($"DELETE {store}", () => Stores.Remove(store));

    // Several workers of an operator that runs as a whole call at once.
    private Task<bool> Answer(string call, Func<bool> answer)
    {
        lock (Calls)
        {
            Calls.Add(call);
            return Away is { } why ? Task.FromException<bool>(new StorageServiceException(why)) : Task.FromResult(answer());
        }
    }
}
