using System.Text.Json.Nodes;
using KubeFlex.Runtime.Queues;

namespace KubeFlex.Runtime.Informers;

/// <summary>What an informer caches, and how.</summary>
public sealed record InformerOptions
{
    /// <summary>Raw query that narrows the collection (<c>labelSelector=…</c>), or null for all.</summary>
    public string? Query { get; init; }

    /// <summary>Cuts an object down to what is needed before it is kept; null keeps all of it.</summary>
    public Func<JsonObject, JsonObject>? Transform { get; init; }

    /// <summary>Named indexes: the values under which an object is found.</summary>
    public IReadOnlyDictionary<string, Func<JsonObject, IEnumerable<string>>> Indexes { get; init; } =
        new Dictionary<string, Func<JsonObject, IEnumerable<string>>>();

    /// <summary>Objects per page of the first list: a page of 500 stays under the API's chunking advice.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Waits between attempts while the server is away.</summary>
    public BackoffOptions Backoff { get; init; } = new() { Initial = TimeSpan.FromMilliseconds(200), Maximum = TimeSpan.FromSeconds(30) };
}

/// <summary>A change of one object: added when <paramref name="Old"/> is null, deleted when <paramref name="New"/> is null.</summary>
/// <param name="Old">As it was.</param>
/// <param name="New">As it is.</param>
public sealed record ObjectChange(JsonObject? Old, JsonObject? New)
{
    /// <summary>The object as far as known.</summary>
    public JsonObject Latest => New ?? Old!;
}
