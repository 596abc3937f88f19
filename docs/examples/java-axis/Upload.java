// Axis 1.4：上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。按 Java 1.4 的写法，老系统可直接使用。
// 退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
import changbai.DataCollectionSoapStub;
import changbai.DataCollection_ServiceLocator;
import changbai.Issue;
import changbai.ReceiptResult;
import changbai.UploadResult;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.util.zip.GZIPOutputStream;
import org.apache.axis.AxisFault;
import org.apache.axis.encoding.Base64;

public class Upload {
    static PrintStream out;

    public static void main(String[] args) throws Exception {
        out = new PrintStream(System.out, true, "UTF-8");
        DataCollectionSoapStub service = (DataCollectionSoapStub) new DataCollection_ServiceLocator().getDataCollectionSoap(new URL(args[0]));
        service.setUsername(args[1]);
        service.setPassword(args[2]);
        service.setTimeout(60000);
        try {
            UploadResult good = send(service, args[3], args[4]);
            ReceiptResult receipt = service.queryReceipt(good.getReceipt(), null);
            out.println("receipt " + receipt.getReceipt() + " " + receipt.getState());
            send(service, args[3] + "-WRONG", args[5]);
            System.exit("rejected".equals(good.getStatus()) ? 1 : 0);
        } catch (AxisFault fault) {
            System.err.println("fault " + fault.getFaultString());
            System.exit(2);
        }
    }

    static UploadResult send(DataCollectionSoapStub service, String documentId, String path) throws IOException {
        String payload = pack(path);
        UploadResult result = service.upload("C0002", documentId, payload, null, null, null, null);
        out.println(result.getStatus() + " " + result.getCode() + " " + result.getMessage());
        Issue[] issues = result.getIssues() == null ? new Issue[0] : result.getIssues();
        for (int i = 0; i < issues.length; i++) {
            out.println("  " + issues[i].getSeverity() + " " + issues[i].getCode() + " " + issues[i].getMessage());
            out.println("    " + issues[i].getPath() + " line " + issues[i].getLine());
            out.println("    " + issues[i].getHint());
        }
        return result;
    }

    // 必须先关闭 GZIPOutputStream 再取字节，否则数据不完整（SND-211）。
    static String pack(String path) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        GZIPOutputStream gzip = new GZIPOutputStream(packed);
        InputStream xml = new FileInputStream(path);
        byte[] buffer = new byte[8192];
        for (int n = xml.read(buffer); n > 0; n = xml.read(buffer)) gzip.write(buffer, 0, n);
        xml.close();
        gzip.close();
        return Base64.encode(packed.toByteArray());
    }
}
