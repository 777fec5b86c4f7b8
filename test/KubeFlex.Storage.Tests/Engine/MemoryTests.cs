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
}
