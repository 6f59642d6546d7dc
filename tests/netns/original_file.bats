# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The file of the original tool works to the letter.
load lib

setup() {
	net_up
	serve
}
teardown() { net_down; }

@test "the original's own file" {
	policy <<-'END'
	endpoints:
	    - imdsv2:
	        range: [169.254.169.254/32]
	        iface: [eth0]
	        filter:
	          - "*"
	END
	watch
	fetch www-data http://$IMDS4/
	fetch backup http://$IMDS4/
	fetch www-data http://$SERVICE4/
	fetch www-data "http://[$IMDS6]/"
	end_watch
	all pkt '.endpoint == "imdsv2" and .iface == "eth0" and (.src == "169.254.169.254" or .dst == "169.254.169.254")'
	some 'pkt and to and is(33)'
	some 'pkt and from and is(33)'
	some 'pkt and to and is(34)'
	some 'pkt and from and is(34)'
	all 'tcp' '.decision == -1'
	expect 2 dec
}
