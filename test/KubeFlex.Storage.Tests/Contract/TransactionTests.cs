using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Contract;

/// <summary>etcd's rules for transactions.</summary>
public abstract class TransactionTests(Backend backend)
{
    [Fact]
    public async Task A_new_store_is_at_revision_1_and_the_first_write_is_2()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        Assert.Equal(1, store.Revision);
        Assert.Equal(2, await store.PutAsync("a", "1"));
        Assert.Equal(2, store.Revision);
    }

    [Fact]
    public async Task Create_mod_revision_and_version_follow_the_puts_of_a_key()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a", "1");
        await store.PutAsync("a", "2");
        var item = (await store.ViewAsync(default)).Get("a"u8)!;
        Assert.Equal((2, 3, 2), (item.CreateRevision, item.ModRevision, item.Version));
        await store.DeleteAsync("a");
        await store.PutAsync("a", "3");
        item = (await store.ViewAsync(default)).Get("a"u8)!;
        Assert.Equal((5, 5, 1), (item.CreateRevision, item.ModRevision, item.Version));
    }

    [Fact]
    public async Task What_writes_nothing_takes_no_revision()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a", "1");
        Assert.Equal(2, await store.DeleteAsync("absent"));
        var conflict = await store.CommitAsync(If(Mod("a", 7), [Put("a", "2")], [new RangeOperation(new(B("a")))]), default);
        Assert.False(conflict.Succeeded);
        Assert.Equal(2, conflict.Revision);
        Assert.Equal("1", S(conflict.Results[0].Items[0].Value));
        Assert.Equal(2, store.Revision);
    }

    [Fact]
    public async Task All_changes_of_a_transaction_share_its_revision_and_later_operations_see_earlier_ones()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var result = await store.CommitAsync(Do(Put("a", "1"), Put("b", "2"), new RangeOperation(new(B("a"), B("z")))), default);
        Assert.Equal(["a", "b"], result.Results[2].Items.Select(item => S(item.Key)));
        Assert.All(result.Results[2].Items, item => Assert.Equal(2, item.ModRevision));
        Assert.Equal(2, result.Revision);
    }

    [Theory]
    [InlineData(CompareTarget.ModRevision, CompareRelation.Equal, 3, true)]
    [InlineData(CompareTarget.ModRevision, CompareRelation.Greater, 3, false)]
    [InlineData(CompareTarget.ModRevision, CompareRelation.Less, 4, true)]
    [InlineData(CompareTarget.ModRevision, CompareRelation.NotEqual, 3, false)]
    [InlineData(CompareTarget.CreateRevision, CompareRelation.Equal, 2, true)]
    [InlineData(CompareTarget.Version, CompareRelation.Equal, 2, true)]
    [InlineData(CompareTarget.Lease, CompareRelation.Equal, 9, true)]
    [InlineData(CompareTarget.Lease, CompareRelation.Greater, 9, false)]
    public async Task Numbers_compare(CompareTarget target, CompareRelation relation, long number, bool expected)
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a", "1");
        await store.GrantLeaseAsync(9, 60, default);
        await store.CommitAsync(Do(new PutOperation(B("a"), B("2"), Lease: 9)), default);
        var result = await store.CommitAsync(If(new(B("a"), target, relation, number), [], []), default);
        Assert.Equal(expected, result.Succeeded);
    }

    [Fact]
    public async Task An_absent_key_has_zeros_for_numbers_and_a_value_that_compares_with_nothing()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        async Task<bool> Holds(Compare compare) => (await store.CommitAsync(If(compare, [], []), default)).Succeeded;
        Assert.True(await Holds(Mod("a", 0)));
        Assert.True(await Holds(new(B("a"), CompareTarget.Version, CompareRelation.Less, 1)));
        Assert.False(await Holds(new(B("a"), CompareTarget.Value, CompareRelation.Equal, Value: [])));
        Assert.False(await Holds(new(B("a"), CompareTarget.Value, CompareRelation.NotEqual, Value: B("x"))));
        await store.PutAsync("a", "m");
        Assert.True(await Holds(new(B("a"), CompareTarget.Value, CompareRelation.Greater, Value: B("l"))));
        Assert.False(await Holds(new(B("a"), CompareTarget.Value, CompareRelation.Greater, Value: B("m"))));
    }

    [Fact]
    public async Task A_comparison_of_a_range_must_hold_for_every_key_in_it()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a1", "x");
        await store.PutAsync("a2", "x");
        async Task<bool> Holds(string value) => (await store.CommitAsync(
            If(new(B("a"), CompareTarget.Value, CompareRelation.Equal, Value: B(value), End: B("b")), [], []), default)).Succeeded;
        Assert.True(await Holds("x"));
        await store.PutAsync("a2", "y");
        Assert.False(await Holds("x"));
    }

    [Fact]
    public async Task Nested_comparisons_see_the_state_before_the_first_operation()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var inner = If(Mod("a", 0), [Put("b", "absent before")], [Put("b", "there before")]);
        var result = await store.CommitAsync(Do(Put("a", "1"), new NestedOperation(inner)), default);
        Assert.True(result.Results[1].Nested!.Succeeded);
        Assert.Equal("absent before", await store.GetAsync("b"));
        Assert.Equal(2, store.Revision);
    }

    [Fact]
    public async Task A_key_may_change_once_per_transaction()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        async Task Refused(params Operation[] operations) =>
            Assert.Equal(StorageFailure.Invalid, await FailureAsync(() => store.CommitAsync(Do(operations), default).AsTask()));
        var innerPut = new NestedOperation(new([], [Put("a", "3")], []));
        await Refused(Put("a", "1"), Put("a", "2"));
        await Refused(Put("b", "1"), Delete("a", "c"));
        await Refused(Put("a", "1"), innerPut);
        await Refused(innerPut, Delete("a"));
        await Refused(Put("a", "1"), new NestedOperation(new([], [], [Delete("\0", "\0")])));
        // Deletes may overlap, and only one branch of a nested transaction runs.
        await store.CommitAsync(Do(Delete("a", "c"), Delete("b")), default);
        await store.CommitAsync(Do(new NestedOperation(new([], [Put("a", "1")], [Put("a", "2")]))), default);
        Assert.Equal("1", await store.GetAsync("a"));
    }

    [Fact]
    public async Task The_revision_is_spliced_into_the_value()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var result = await store.CommitAsync(Do(new PutOperation(B("a"), B("{\"rv\":\"\"}"), RevisionAt: 7)), default);
        Assert.Equal("{\"rv\":\"2\"}", S(result.Results[0].Written!.Value));
        Assert.Equal("{\"rv\":\"2\"}", await store.GetAsync("a"));
        Assert.Equal(StorageFailure.Invalid, await FailureAsync(() => store.CommitAsync(Do(new PutOperation(B("a"), B("x"), RevisionAt: 2)), default).AsTask()));
    }

    [Fact]
    public async Task Previous_values_are_answered_when_wanted()
    {
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        await store.PutAsync("a", "1");
        await store.PutAsync("b", "2");
        var put = (await store.CommitAsync(Do(new PutOperation(B("a"), B("3"), WantPrevious: true)), default)).Results[0];
        Assert.Equal("1", S(Assert.Single(put.Items).Value));
        var delete = (await store.CommitAsync(Do(new DeleteOperation(B("a"), B("z"), true)), default)).Results[0];
        Assert.Equal(["3", "2"], delete.Items.Select(item => S(item.Value)));
        Assert.Equal(2, delete.Count);
    }

    [Fact]
    public async Task Empty_keys_and_oversized_transactions_are_refused()
    {
        await using var test = await backend.OpenAsync(new() { TransactionBytes = 1000, TransactionOperations = 3, HibernateAfter = TimeSpan.Zero });
        var store = await test.StoreAsync();
        Assert.Equal(StorageFailure.Invalid, await FailureAsync(() => store.PutAsync("", "x")));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.PutAsync("a", new('x', 1001))));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(() => store.CommitAsync(Do(Put("a", ""), Put("b", ""), Put("c", ""), Put("d", "")), default).AsTask()));
        Assert.Equal(1, store.Revision);
    }
}

public sealed class TransactionTestsOnSqlite() : TransactionTests(new SqliteBackend());

public sealed class TransactionTestsOnPostgres(PostgresFixture postgres) : TransactionTests(postgres);
