using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Tables;
using KubeFlex.Machinery.Tests.CustomResources;

namespace KubeFlex.Machinery.Tests.Tables;

public class TableTests
{
    private static readonly ApiCatalog Catalog = ApiCatalog.Load();
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static string Cells(string apiVersion, string kind, string rest)
    {
        var gv = GroupVersion.Parse(apiVersion)!.Value;
        var resource = Catalog.FindKind(new GroupVersionKind(gv.Group, gv.Version, kind))!;
        var obj = Widgets.Json($$$"""{"apiVersion":"{{{apiVersion}}}","kind":"{{{kind}}}","metadata":{"name":"o","namespace":"n","creationTimestamp":"2026-01-01T11:55:00Z"}{{{rest}}}}""");
        var cells = TableRenderer.Row(resource, obj, IncludeObject.None, Now)["cells"]!.AsArray();
        Assert.Equal(TableRenderer.Columns(resource).Count, cells.Count);
        return cells.ToJsonString(Machinery.Json.KubeJson.Relaxed);
    }

    [Theory]
    [InlineData("apps/v1", "Deployment", ""","spec":{"replicas":1,"selector":{"matchLabels":{"app":"x"}},"template":{"spec":{"containers":[{"name":"c","image":"nginx"}]}}},"status":{}""", """["o","0/1",0,0,"5m","c","nginx","app=x"]""")]
    [InlineData("apps/v1", "DaemonSet", ""","spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"spec":{"containers":[{"name":"c","image":"nginx"}]}}},"status":{"currentNumberScheduled":0}""", """["o",0,0,0,0,0,"<none>","5m","c","nginx","app=x"]""")]
    [InlineData("batch/v1", "CronJob", ""","spec":{"schedule":"*/5 * * * *","suspend":false,"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}},"status":{}""", """["o","*/5 * * * *","<none>","False",0,"<none>","5m","c","nginx","<none>"]""")]
    [InlineData("batch/v1", "Job", ""","spec":{"completions":2,"template":{"spec":{"containers":[]}}},"status":{"succeeded":1,"startTime":"2026-01-01T11:58:20Z","completionTime":"2026-01-01T11:59:00Z","conditions":[{"type":"Complete","status":"True"}]}""", """["o","Complete","1/2","40s","5m","","","<none>"]""")]
    [InlineData("v1", "Service", ""","spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80,"nodePort":30000,"protocol":"TCP"}],"selector":{"app":"x"}}""", """["o","NodePort","10.0.0.1","<none>","80:30000/TCP","5m","app=x"]""")]
    [InlineData("v1", "Service", ""","spec":{"type":"ExternalName","externalName":"example.com"}""", """["o","ExternalName","<none>","example.com","<none>","5m","<none>"]""")]
    [InlineData("v1", "Service", ""","spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"},"status":{"loadBalancer":{}}""", """["o","LoadBalancer","10.0.0.1","<pending>","<none>","5m","<none>"]""")]
    [InlineData("v1", "Endpoints", ""","subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],"ports":[{"port":80},{"port":81}]}]""", """["o","10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...","5m"]""")]
    [InlineData("v1", "ConfigMap", ""","data":{"a":"b"},"binaryData":{"c":"ZA=="}""", """["o",2,"5m"]""")]
    [InlineData("v1", "Secret", ""","type":"Opaque","data":{"a":"Yg=="}""", """["o","Opaque",1,"5m"]""")]
    [InlineData("v1", "ServiceAccount", "", """["o","5m"]""")]
    [InlineData("v1", "LimitRange", "", """["o","2026-01-01T11:55:00Z"]""")]
    [InlineData("rbac.authorization.k8s.io/v1", "Role", "", """["o","2026-01-01T11:55:00Z"]""")]
    [InlineData("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", """["o","2026-01-01T11:55:00Z"]""")]
    [InlineData("v1", "ResourceQuota", ""","status":{"hard":{"pods":"10","requests.cpu":"1000m","limits.memory":"1024Mi"},"used":{"pods":"0","requests.cpu":"0"}}""", """["o","pods: 0/10, requests.cpu: 0/1","limits.memory: 0/1Gi","5m"]""")]
    [InlineData("networking.k8s.io/v1", "Ingress", ""","spec":{"rules":[{"host":"a.example.com"}]},"status":{"loadBalancer":{}}""", """["o","<none>","a.example.com","","80","5m"]""")]
    [InlineData("networking.k8s.io/v1", "NetworkPolicy", ""","spec":{"podSelector":{"matchExpressions":[{"key":"a","operator":"In","values":["y","x"]},{"key":"b","operator":"DoesNotExist"}]}}""", """["o","a in (x,y),!b","5m"]""")]
    [InlineData("rbac.authorization.k8s.io/v1", "RoleBinding", ""","roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[{"kind":"User","name":"bob"},{"kind":"ServiceAccount","name":"default","namespace":"n"}]""", """["o","ClusterRole/view","5m","bob","","n/default"]""")]
    [InlineData("v1", "Node", ""","metadata2":1,"spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"kubeletVersion":"v1.35.0"},"addresses":[{"type":"InternalIP","address":"1.2.3.4"}]}""", """["o","Ready,SchedulingDisabled","<none>","5m","v1.35.0","1.2.3.4","<none>","<unknown>","<unknown>","<unknown>"]""")]
    [InlineData("v1", "Event", ""","type":"Normal","reason":"Started","message":"hi\n","involvedObject":{"kind":"Pod","name":"p"},"source":{"component":"kubelet","host":"h"},"firstTimestamp":"2026-01-01T11:50:00Z","lastTimestamp":"2026-01-01T11:59:00Z","count":3""", """["60s","Normal","Started","pod/p","","kubelet, h","hi","10m",3,"o"]""")]
    [InlineData("autoscaling/v2", "HorizontalPodAutoscaler", ""","spec":{"maxReplicas":5,"scaleTargetRef":{"kind":"Deployment","name":"d"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]},"status":{"currentReplicas":0}""", """["o","Deployment/d","cpu: <unknown>/80%","<unset>",5,0,"5m"]""")]
    [InlineData("policy/v1", "PodDisruptionBudget", ""","spec":{"minAvailable":"50%"},"status":{"disruptionsAllowed":1}""", """["o","50%","N/A",1,"5m"]""")]
    [InlineData("coordination.k8s.io/v1", "Lease", ""","spec":{"holderIdentity":"me"}""", """["o","me","5m"]""")]
    [InlineData("storage.k8s.io/v1", "StorageClass", ""","provisioner":"p","reclaimPolicy":"Delete","volumeBindingMode":"Immediate" """, """["o","p","Delete","Immediate",false,"5m"]""")]
    [InlineData("storage.k8s.io/v1", "CSIDriver", ""","spec":{"attachRequired":true}""", """["o",true,false,false,"<unset>",false,"<none>","5m"]""")]
    [InlineData("scheduling.k8s.io/v1", "PriorityClass", ""","value":7,"globalDefault":false,"preemptionPolicy":"Never" """, """["o",7,false,"5m","Never"]""")]
    [InlineData("apiregistration.k8s.io/v1", "APIService", ""","spec":{},"status":{"conditions":[{"type":"Available","status":"True"}]}""", """["o","Local","True","5m"]""")]
    [InlineData("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", ""","webhooks":[{}]""", """["o",1,"5m"]""")]
    [InlineData("v1", "PersistentVolumeClaim", ""","spec":{"volumeName":"pv","volumeMode":"Filesystem"},"status":{"phase":"Bound","accessModes":["ReadWriteMany","ReadWriteOnce"],"capacity":{"storage":"1Gi"}}""", """["o","Bound","pv","1Gi","RWO,RWX","","<unset>","5m","Filesystem"]""")]
    [InlineData("discovery.k8s.io/v1", "EndpointSlice", ""","addressType":"IPv4","ports":[{"port":80}],"endpoints":[{"addresses":["10.0.0.1"]}]""", """["o","IPv4","80","10.0.0.1","5m"]""")]
    public void Kinds_print_as_stock_printers_do(string apiVersion, string kind, string rest, string expected) => Assert.Equal(expected, Cells(apiVersion, kind, rest));

    [Theory]
    [InlineData(""","spec":{"containers":[{},{}]},"status":{"phase":"Pending"}""", "0/2", "Pending", "0")]
    [InlineData(""","spec":{"containers":[{}]},"status":{"phase":"Running","containerStatuses":[{"ready":true,"restartCount":2,"state":{"running":{}},"lastState":{"terminated":{"finishedAt":"2026-01-01T11:59:30Z"}}}]}""", "1/1", "Running", "2 (30s ago)")]
    [InlineData(""","spec":{"containers":[{}]},"status":{"phase":"Running","containerStatuses":[{"restartCount":9,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}""", "0/1", "CrashLoopBackOff", "9")]
    [InlineData(""","spec":{"containers":[{}],"initContainers":[{"name":"i"},{"name":"j"}]},"status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},{"name":"j","state":{"running":{}}}]}""", "0/1", "Init:1/2", "0")]
    [InlineData(""","spec":{"containers":[{}]},"status":{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]}""", "0/1", "ExitCode:3", "0")]
    [InlineData(""","spec":{"containers":[{}]},"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","reason":"SchedulingGated"}]}""", "0/1", "SchedulingGated", "0")]
    public void Pods_tell_their_containers_state(string rest, string ready, string status, string restarts) =>
        Assert.StartsWith($"""["o","{ready}","{status}","{restarts}","5m",""", Cells("v1", "Pod", rest), StringComparison.Ordinal);

    [Fact]
    public void Every_built_in_kind_has_as_many_cells_as_columns()
    {
        foreach (var group in Catalog.Groups)
            foreach (var version in group.Versions)
                foreach (var resource in Catalog.ResourcesOf(new GroupVersion(group.Name, version)))
                {
                    var row = TableRenderer.Row(resource, Widgets.Json("""{"metadata":{"name":"o"}}"""), IncludeObject.None, Now);
                    Assert.True(TableRenderer.Columns(resource).Count == row["cells"]!.AsArray().Count, resource.Kind.ToString());
                }
    }

    [Fact]
    public void Custom_cells_follow_their_paths_and_types()
    {
        var crd = Widgets.Definition(extra: ""","additionalPrinterColumns":[{"jsonPath":".spec.size","name":"Size","type":"integer"},{"jsonPath":".status.conditions[?(@.type==\"Ready\")].status","name":"Ready","type":"string"},{"jsonPath":".spec.on","name":"On","type":"boolean"},{"jsonPath":".metadata.creationTimestamp","name":"Age","type":"date"},{"jsonPath":".spec.map","name":"Map","type":"string","priority":1}]""");
        var resource = CustomResourceDefinitions.Compile(crd, Widgets.ObjectMeta)[0];
        var obj = Widgets.Json("""{"metadata":{"name":"w","creationTimestamp":"2026-01-01T11:00:00Z"},"spec":{"size":2,"map":{"a":1}},"status":{"conditions":[{"type":"X","status":"a"},{"type":"Ready","status":"True"}]}}""");
        var row = TableRenderer.Row(resource, obj, IncludeObject.Metadata, Now);
        Assert.Equal("""["w",2,"True",null,"60m","{\"a\":1}"]""", row["cells"]!.ToJsonString(Machinery.Json.KubeJson.Relaxed));
        Assert.Equal("""{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"w","creationTimestamp":"2026-01-01T11:00:00Z"}}""", row["object"]!.ToJsonString());
        Assert.Equal("Custom resource definition column (in JSONPath format): .spec.size", (string?)TableRenderer.Columns(resource)[1]!["description"]);
    }

    [Theory]
    [InlineData(-2, "<invalid>")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(200, "3m20s")]
    [InlineData(10800, "3h")]
    [InlineData(11 * 60, "11m")]
    [InlineData(7 * 3600 + 1800, "7h30m")]
    [InlineData(47 * 3600, "47h")]
    [InlineData(50 * 3600, "2d2h")]
    [InlineData(9 * 86400, "9d")]
    [InlineData(735 * 86400, "2y5d")]
    [InlineData(3000 * 86400L, "8y")]
    public void Durations(long seconds, string expected) => Assert.Equal(expected, HumanDuration.Format(TimeSpan.FromSeconds(seconds)));
}
