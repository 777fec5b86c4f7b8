using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Server.ControlPlanes;
using KubeFlex.Storage;

namespace KubeFlex.Server.Backup;

/// <summary>Where a control plane's store is.</summary>
/// <param name="Where"><see cref="Places.Shared"/>, <see cref="Places.Dedicated"/>, or a datastore's URL; null when it is nowhere yet.</param>
/// <param name="Leftover">Another place with a store of its name that must go: what a migration copied, or what it moved away from.</param>
internal sealed record Place(string? Where, string? Leftover);

/// <summary>
/// Where the stores of control planes are, and which copies of them are none. The record stands in the hosting control plane's store, outside of
/// what its API shows, since a URL may hold a password. One that was never moved has no record: then it decides whether a datastore of its own is there.
/// </summary>
internal sealed class Places(IPlaceRecords records, Datastore shared, IDedicatedDatastores dedicated, DatastorePool pool)
{
    public const string Shared = "shared";
    public const string Dedicated = "dedicated";
    private const string Prefix = "/kubeflex/places/";

    public static byte[] Key(string name) => Encoding.UTF8.GetBytes(Prefix + name);

    public static bool IsKey(byte[] key) => key.AsSpan().StartsWith("/kubeflex/places/"u8);

    /// <summary>The record, or null.</summary>
    public async ValueTask<Place?> RecordAsync(string name, CancellationToken cancellation) =>
        await records.GetAsync(name, cancellation) is { } value ? Parse(value) : null;

    /// <summary>Records that have leftovers.</summary>
    public async Task<IReadOnlyList<(string Name, Place Place)>> UnfinishedAsync(CancellationToken cancellation)
    {
        var all = (await records.Store.ViewAsync(cancellation)).Range(new(Encoding.UTF8.GetBytes(Prefix), "/kubeflex/places0"u8.ToArray()));
        return [.. all.Items.Select(item => (Encoding.UTF8.GetString(item.Key)[Prefix.Length..], Parse(item.Value))).Where(entry => entry.Item2.Leftover is not null)];
    }

    public async Task WriteAsync(string name, Place? place, CancellationToken cancellation) =>
        await records.Store.CommitAsync(new([], [Operation(name, place)], []), cancellation);

    /// <summary>The write, as a part of a transaction on the hosting store.</summary>
    public static Operation Operation(string name, Place? place) => place is null or { Where: null, Leftover: null } ? new DeleteOperation(Key(name))
        : new PutOperation(Key(name), Encoding.UTF8.GetBytes(new JsonObject { ["datastore"] = place.Where, ["leftover"] = place.Leftover }.ToJsonString()));

    /// <summary>Where the control plane's store is, or would be made.</summary>
    public async ValueTask<string> FindAsync(string name, string backend, CancellationToken cancellation)
    {
        if (await RecordAsync(name, cancellation) is { Where: { } where }) return where;
        return await Datastore.ExistsAsync(dedicated.Of(name), cancellation) || backend == Dedicated && !(await shared.ListStoresAsync(cancellation)).Contains(name) ? Dedicated : Shared;
    }

    /// <summary>Opens a place; to be disposed when its store is no longer used.</summary>
    public async Task<OpenPlace> OpenAsync(string name, string where, CancellationToken cancellation)
    {
        if (where == Shared) return new(shared, null);
        var lease = await pool.RentAsync(where == Dedicated ? dedicated.Of(name) : DatastoreUrl.Parse(where), create: where == Dedicated, cancellation);
        return new(lease.Datastore, lease);
    }

    /// <summary>Whether a place has the store; without making anything.</summary>
    public async Task<bool> HasAsync(string name, string where, CancellationToken cancellation)
    {
        if (where == Dedicated && !await Datastore.ExistsAsync(dedicated.Of(name), cancellation)) return false;
        await using var place = await OpenAsync(name, where, cancellation);
        return (await place.Datastore.ListStoresAsync(cancellation)).Contains(name);
    }

    /// <summary>Removes the store from a place, and the place with it if it was the store's own.</summary>
    public async Task RemoveAsync(string name, string where, CancellationToken cancellation)
    {
        if (where == Dedicated)
        {
            await Datastore.DropAsync(dedicated.Of(name), cancellation);
            return;
        }
        await using var place = await OpenAsync(name, where, cancellation);
        await place.Datastore.DeleteStoreAsync(name, cancellation);
    }

    /// <summary>What messages may say of a place.</summary>
    public static string Shown(string where) => where switch
    {
        Shared => "the server's datastore",
        Dedicated => "a datastore of its own",
        _ => DatastoreUrl.Parse(where).ToString(),
    };

    private static Place Parse(byte[] value)
    {
        var json = JsonNode.Parse(value);
        return new((string?)json?["datastore"], (string?)json?["leftover"]);
    }
}

/// <summary>The hosting control plane's store as far as the records of places go.</summary>
internal interface IPlaceRecords
{
    /// <summary>The store itself; a <see cref="StorageException"/> when another server has it.</summary>
    Store Store { get; }

    /// <summary>A record as it is kept, or null.</summary>
    ValueTask<byte[]?> GetAsync(string name, CancellationToken cancellation);
}

/// <summary>The store is this server's.</summary>
internal sealed class PlaceRecords(Store store) : IPlaceRecords
{
    public Store Store => store;

    public async ValueTask<byte[]?> GetAsync(string name, CancellationToken cancellation) => (await store.ViewAsync(cancellation)).Get(Places.Key(name))?.Value;
}

/// <summary>A datastore that is open for a control plane.</summary>
internal sealed class OpenPlace(Datastore datastore, DatastorePool.Lease? lease) : IAsyncDisposable
{
    public Datastore Datastore => datastore;

    public ValueTask DisposeAsync() => lease is null ? ValueTask.CompletedTask : lease.DisposeAsync();
}
