using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Engine;

/// <summary>Random operation sequences against the naive model, with compaction, hibernation and reopening in between.</summary>
public abstract class ModelTests(Backend backend)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(0)]
    public async Task Behaves_like_the_model(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var model = new NaiveStore();
        var keys = random.Next(3, 120);
        string Key() => $"k{random.Next(keys):x2}";
        try
        {
            for (var step = 0; step < 500; step++)
            {
                switch (random.Next(100))
                {
                    case < 55:
                        await WriteAsync(store, model, random, Key);
                        break;
                    case < 85:
                        var (from, to) = (Key(), Key() + (char)random.Next('0', 'g'));
                        var (revision, limit) = (random.Next(4) == 0 ? 0 : random.Next(1, (int)model.Revision + 2), random.Next(3) * random.Next(10));
                        var (keysOnly, countOnly) = (random.Next(5) == 0, random.Next(5) == 0);
                        Assert.Equal(model.Range(from, to, revision, limit, keysOnly, countOnly), NaiveStore.Text(await store.RangeAsync(from, to, revision, limit, keysOnly, countOnly)));
                        break;
                    case < 87:
                        await LeaseAsync(store, model, random);
                        break;
                    case < 90 when model.Revision > model.Compacted + 1:
                        var target = random.NextInt64(model.Compacted + 1, model.Revision + 1);
                        await store.CompactAsync(target, default);
                        model.Compact(target);
                        break;
                    case < 93:
                        await WatchAsync(store, model, random);
                        break;
                    case < 96:
                        Assert.True(store.TryHibernate());
                        break;
                    case < 98:
                        await test.ReopenAsync();
                        store = await test.StoreAsync();
                        break;
                }
                Assert.Equal((model.Revision, model.Compacted), (store.Revision, store.CompactedRevision));
            }
            Assert.Equal(model.Range("a", "z", 0, 0), NaiveStore.Text(await store.RangeAsync("a", "z")));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }

    /// <summary>Puts, deletions of keys and of a range, under several conditions; which keys meet in one transaction is no part of this, since a mistake is refused.</summary>
    private static async Task WriteAsync(Store store, NaiveStore model, Random random, Func<string> key)
    {
        var changes = new List<NaiveStore.Change>();
        var operations = new List<Operation>();
        var (from, to) = (key(), key());
        var range = random.Next(4) == 0;
        foreach (var name in Enumerable.Range(0, random.Next(1, 4)).Select(_ => key()).Distinct())
        {
            if (range && string.CompareOrdinal(name, from) >= 0 && string.CompareOrdinal(name, to) < 0) continue;
            var lease = model.Leases.Count > 0 && random.Next(3) == 0 ? model.Leases.ElementAt(random.Next(model.Leases.Count)) : 0;
            var change = new NaiveStore.Change(name, random.Next(3) == 0 ? null : $"v{random.Next(1000)}", lease);
            changes.Add(change);
            operations.Add(change.Value is null ? Delete(name) : new PutOperation(B(name), B(change.Value), lease));
        }
        if (range)
        {
            changes.AddRange(model.Between(from, to).Select(name => new NaiveStore.Change(name, null)));
            operations.Add(Delete(from, to));
        }
        var conditions = Enumerable.Range(0, random.Next(3)).Select(_ => Condition(model, random, key())).ToList();
        var result = await store.CommitAsync(new([.. conditions.Select(condition => condition.Compare)], operations, [new RangeOperation(new(B(from)))]), default);
        Assert.Equal(conditions.TrueForAll(condition => condition.Holds), result.Succeeded);
        if (result.Succeeded) model.Apply(changes);
        else Assert.Equal(model.Now.GetValueOrDefault(from)?.Value, result.Results[0].Items is [var item] ? S(item.Value) : null);
        Assert.Equal(model.Revision, result.Revision);
    }

    /// <summary>One that holds more often than not.</summary>
    private static (Compare Compare, bool Holds) Condition(NaiveStore model, Random random, string key)
    {
        var item = model.Now.GetValueOrDefault(key);
        if (random.Next(5) == 0)
        {
            var value = random.Next(2) == 0 && item is not null ? item.Value : $"v{random.Next(1000)}";
            return (new(B(key), CompareTarget.Value, CompareRelation.Equal, Value: B(value)), item?.Value == value);
        }
        var target = (CompareTarget)random.Next(5);
        if (target == CompareTarget.Value) target = CompareTarget.ModRevision;
        var number = target switch
        {
            CompareTarget.Version => item?.Version,
            CompareTarget.CreateRevision => item?.Create,
            CompareTarget.Lease => item?.Lease,
            _ => item?.Mod,
        } ?? 0;
        var (relation, other) = ((CompareRelation)random.Next(4), number + (random.Next(3) == 0 ? random.Next(-1, 2) : 0));
        return (new(B(key), target, relation, other), relation switch
        {
            CompareRelation.Equal => number == other,
            CompareRelation.NotEqual => number != other,
            CompareRelation.Greater => number > other,
            _ => number < other,
        });
    }

    private static async Task LeaseAsync(Store store, NaiveStore model, Random random)
    {
        var id = random.Next(1, 4);
        if (model.Leases.Add(id)) await store.GrantLeaseAsync(id, 100_000, default);
        else if (random.Next(2) == 0)
        {
            Assert.Equal(model.Held(id), (await store.LeaseAsync(id, true, default))!.Keys.Select(S));
        }
        else
        {
            model.Revoke(id);
            Assert.Equal(model.Revision, await store.RevokeLeaseAsync(id, default));
        }
        Assert.Equal([.. model.Leases], store.Leases);
    }

    private static async Task WatchAsync(Store store, NaiveStore model, Random random)
    {
        var from = random.NextInt64(1, model.Revision + 1);
        await using var watcher = await store.WatchAsync(new(B("a"), B("z"), from), default);
        if (from < model.Compacted)
        {
            Assert.Empty(await watcher.ReadAsync(default));
            Assert.Equal((WatchEnd.Compacted, model.Compacted), (watcher.End, watcher.CompactRevision));
            return;
        }
        var expected = model.Events.Where(change => long.Parse(change.Split(':')[0], null) >= from).ToList();
        Assert.Equal(expected, (await watcher.TakeAsync(expected.Count)).Select(change => change.Text()));
        if (expected.Count > 0) Assert.Equal(model.Revision, watcher.Progress);
    }
}

public sealed class ModelTestsOnSqlite() : ModelTests(new SqliteBackend());

public sealed class ModelTestsOnPostgres(PostgresFixture postgres) : ModelTests(postgres);
