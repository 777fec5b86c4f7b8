using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Engine;

/// <summary>Measures the whole process, so nothing runs beside it.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    [Fact]
    public async Task Idle_stores_cost_little_more_than_their_bytes()
    {
        await using var test = await TestDatastore.OpenAsync();
        var stores = new List<Store>();
        for (var i = 0; i < 50; i++) stores.Add(await test.StoreAsync($"s{i}"));
        foreach (var store in stores) await store.CommitAsync(Do([.. Enumerable.Range(0, 200).Select(k => Put($"/registry/configmaps/default/name-{k}", new('x', 100)))]), default);
        foreach (var store in stores) store.TryHibernate();
        var asleep = GC.GetTotalMemory(true);
        foreach (var store in stores) await store.GetAsync("x");
        var awake = GC.GetTotalMemory(true);
        // 200 keys of about 40 bytes with values of 100 are 28 KB.
        Assert.InRange((awake - asleep) / 50, 28_000, 80_000);
        GC.KeepAlive(stores);
    }

    /// <summary>What other tests left behind is gone, what has to be finalized first too.</summary>
    private static long Settled()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return GC.GetTotalMemory(true);
    }

    [Fact]
    public async Task An_open_idle_store_takes_less_than_50_KB()
    {
        await using var test = await TestDatastore.OpenAsync();
        for (var i = 0; i < 20; i++) await (await test.StoreAsync($"first{i}")).PutAsync("a", "b");
        var before = Settled();
        var stores = new List<Store>();
        // What a new control plane holds, roughly: twenty objects.
        for (var i = 0; i < 200; i++)
        {
            stores.Add(await test.StoreAsync($"s{i}"));
            await stores[^1].CommitAsync(Do([.. Enumerable.Range(0, 20).Select(k => Put($"/registry/configmaps/default/name-{k}", new('x', 1024)))]), default);
        }
        var awake = (GC.GetTotalMemory(true) - before) / stores.Count;
        foreach (var store in stores) Assert.True(store.TryHibernate());
        var asleep = (GC.GetTotalMemory(true) - before) / stores.Count;
        Assert.InRange(awake, 20_000, 50_000);
        Assert.True(asleep < 3_000, $"{asleep} bytes each");
    }

    [Fact]
    public async Task Waking_costs_little_more_than_what_is_read()
    {
        await using var test = await TestDatastore.OpenAsync();
        var store = await test.StoreAsync();
        for (var i = 0; i < 1_000; i += 100) await store.CommitAsync(Do([.. Enumerable.Range(i, 100).Select(k => Put($"/registry/configmaps/default/name-{k}", new('x', 1024)))]), default);
        Assert.True(store.TryHibernate());
        await store.ViewAsync(default);
        Assert.True(store.TryHibernate());
        var before = GC.GetTotalAllocatedBytes(true);
        await store.ViewAsync(default);
        // 1,000 values of 1 KiB with their keys are 1.06 MB.
        Assert.InRange(GC.GetTotalAllocatedBytes(true) - before, 1_060_000, 2_000_000);
    }
}
